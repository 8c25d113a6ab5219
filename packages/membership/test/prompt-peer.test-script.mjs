// A member in its own thread, for held-up-process.test.ts, on the built packages. It answers a ping when
// it may, behind a number of meaningless datagrams, and counts its answers in shared memory, where the
// test sees them although its thread stands still.
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
// It sends no probes itself, so it does not notice that the other thread stands still.
const config = { ...local(), probePeriod: 600_000 };
const membership = startMembership({ transport, seeds: [seed], config });
parentPort.once('message', () => membership.close());
