// A member of a foca cluster:  node dist/main.js SEED...
import { lan } from '@shoal/membership';
import { startMembership } from '@shoal/membership/driver';
import { createUdpTransport } from '@shoal/transport-node';
import { codec, type Peer, traits } from './foca-identity.ts';

const seeds = process.argv.slice(2).map((addr): Peer => ({ addr, bump: 0n }));
const transport = await createUdpTransport({ bind: '127.0.0.1:0' });

const membership = startMembership<Peer>({
  transport,
  identity: { addr: transport.localAddress, bump: 0n },
  traits,
  codec,
  seeds,
  config: { ...lan(), probeTimeout: 300, announce: { interval: 1000, members: 1 } },
});
console.log(`I am ${membership.identity.addr}`);

membership.on('memberUp', ({ member }) => console.log(`up ${member.id.addr}`));
membership.on('memberDown', ({ member, reason }) => console.log(`${reason} ${member.id.addr}`));
membership.on('rejoined', ({ identity }) => console.log(`I am back, bump ${identity.bump}`));
membership.on('rejected', ({ error }) => console.log(`refused: ${error.message}`));

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await membership.leave();
    await membership.close();
  });
}
