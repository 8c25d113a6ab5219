// A member in its own process, for processes.test.ts, on the built packages. Sends its events to its
// parent, and leaves when asked to.
import { local } from '@shoal/membership';
import { startMembership } from '@shoal/membership/driver';
import { createTcpTransport, createUdpTransport } from '@shoal/transport-node';

const [bind, ...seeds] = process.argv.slice(2);
const tcp = createTcpTransport();
const listen = await tcp.listen(bind);
const transport = await createUdpTransport({ bind: listen.address });
const membership = startMembership({
  transport,
  seeds,
  config: {
    ...local(),
    probePeriod: 400,
    gossip: { interval: 50, members: 3 },
    announceDown: { interval: 500, members: 2 },
  },
  joinRetry: { first: 100, most: 500 },
  streams: { transport: tcp, listen, interval: 1000 },
});
for (const type of ['memberUp', 'memberDown', 'memberUpdated', 'rejoined', 'paused']) {
  membership.on(type, ({ member, reason, identity, ms }) => {
    const { address, generation } = member?.id ?? identity ?? membership.identity;
    process.send({ type, address, generation, reason, ms });
  });
}
process.on('message', async () => {
  await membership.leave();
  await membership.close();
  process.disconnect();
});
// The parent has ended.
process.on('disconnect', () => process.exit());
const { address, generation } = membership.identity;
process.send({ type: 'bound', address, generation });
