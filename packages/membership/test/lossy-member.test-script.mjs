// A member on its own host, for network-namespaces.test.ts, on the built packages. It loses a share of
// its packets and delays the others. Reports to its parent the members that it sees, after each
// change, and on request what it has lost and which members are Down.
import { local } from '@shoal/membership';
import { startMembership } from '@shoal/membership/driver';
import { createUdpTransport } from '@shoal/transport-node';

const [bind, seed, loss, delay] = process.argv.slice(2);
const transport = await createUdpTransport({ bind });
let share = Number(loss);
let lost = 0;
const send = transport.send.bind(transport);
transport.send = (to, bytes) => {
  if (Math.random() < share) {
    lost++;
    return true;
  }
  if (Number(delay) === 0) return send(to, bytes);
  setTimeout(send, Number(delay), to, bytes);
  return true;
};
const membership = startMembership({
  transport,
  seeds: [seed],
  config: {
    ...local(),
    probePeriod: 600,
    probeTimeout: 300,
    gossip: { interval: 100, members: 3 },
    announceDown: { interval: 1000, members: 2 },
  },
  joinRetry: { first: 200, most: 1000 },
});
const hostOf = ({ id }) => id.address.split(':')[0];
const tell = () => process.send({ members: membership.members().map(hostOf).sort() });
for (const type of ['memberUp', 'memberDown', 'rejoined']) membership.on(type, tell);
process.on('message', (message) => {
  if (message === 'calm') share = 0;
  const down = membership.membershipState().filter(({ state }) => state === 'down');
  process.send({ lost, down: down.map(hostOf) });
});
process.on('disconnect', () => process.exit());
tell();
