// A member in a thread of its own, for driver-held-up.test.ts, on the built packages. It answers
// a ping when it may, after a heap of bytes that say nothing, and counts its answers where the test
// sees it although it stands still.
import { parentPort, workerData } from 'node:worker_threads';
import { local } from '@shoal/membership';
import { startMembership } from '@shoal/membership/driver';
import { createUdpTransport } from '@shoal/transport-node';
import { decodePacket, shoalCodec } from '@shoal/wire';

const { seed, shared, noise } = workerData;
const ANSWERS = 0;
const GATE = 1;
const codec = shoalCodec({ label: 'shoal' });
const transport = await createUdpTransport({ bind: '127.0.0.1:0' });
const send = transport.send.bind(transport);
transport.send = (to, bytes) => {
  const isAck = decodePacket(codec, bytes).header.message.type === 'ack';
  if (isAck) Atomics.wait(shared, GATE, 0);
  if (isAck) for (let i = 0; i < noise; i++) send(to, Uint8Array.of(0));
  const sent = send(to, bytes);
  if (isAck) {
    Atomics.add(shared, ANSWERS, 1);
    Atomics.notify(shared, ANSWERS);
  }
  return sent;
};
// It asks nothing itself, so that it does not miss who stands still.
const config = { ...local(), probePeriod: 600_000 };
const membership = startMembership({ transport, seeds: [seed], config });
parentPort.once('message', () => membership.close());
