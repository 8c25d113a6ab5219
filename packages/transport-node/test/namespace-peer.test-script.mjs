// What namespaces.test.ts runs on hosts of their own, on the built package: a listener, one that
// dials it and waits, and one that sends more datagrams than its network takes.
import { createTcpTransport, createUdpTransport } from '@shoal/transport-node';

const [role, address] = process.argv.slice(2);
const tell = (message) => process.send(message);
process.on('disconnect', () => process.exit());

if (role === 'listen') {
  const listener = await createTcpTransport().listen(address);
  tell('listening');
  for await (const connection of listener) {
    (async () => {
      for await (const frame of connection) connection.send(frame);
    })().catch(() => {});
  }
}

if (role === 'dial') {
  const connection = await createTcpTransport({ keepAlive: 1000 }).dial(address);
  connection.send(Uint8Array.of(7));
  const frames = connection[Symbol.asyncIterator]();
  await frames.next();
  tell('connected');
  await frames.next().catch(({ name, code }) => tell({ name, code }));
}

if (role === 'flood') {
  const transport = await createUdpTransport({
    bind: address,
    sendQueueSize: 100_000,
    closeTimeout: 60_000,
  });
  const to = process.argv[4];
  const bytes = new Uint8Array(transport.maxDatagramSize);
  let taken = 0;
  while (taken < 10_000 && transport.send(to, bytes)) taken++;
  const { dropped } = transport.stats();
  // Turn by turn, until there is room again.
  while (!transport.send(to, bytes)) await new Promise((resolve) => setTimeout(resolve, 10));
  await transport.close();
  const { sent, errors } = transport.stats();
  tell({ taken, dropped, sent, errors });
}
