// One member of a cluster:  node dist/main.js [BIND [SEED...]]
import { local } from '@shoal/membership';
import { startMembership } from '@shoal/membership/driver';
import { createUdpTransport } from '@shoal/transport-node';

const [bind = '127.0.0.1:0', ...seeds] = process.argv.slice(2);

const membership = startMembership({
  transport: await createUdpTransport({ bind }),
  seeds,
  config: local(), // one machine; lan() or wan() for networks
});
console.log(`I am ${membership.identity.address}`);

membership.on('memberUp', ({ member }) => console.log(`up ${member.id.address}`));
membership.on('memberSuspected', ({ member }) => console.log(`suspected ${member.id.address}`));
membership.on('memberRefuted', ({ member }) => console.log(`refuted ${member.id.address}`));
membership.on('memberDown', ({ member, reason }) => {
  console.log(`down ${member.id.address}: ${reason}`); // failed, or left
});
membership.on('rejected', ({ error }) => console.error(`refused: ${error.message}`));

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await membership.leave(); // says goodbye, so that nobody has to find out
    await membership.close();
  });
}
