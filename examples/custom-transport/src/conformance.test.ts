import { Worker } from 'node:worker_threads';
import { datagramConformance } from '@shoal/testkit/conformance';
import { TransportError } from '@shoal/transport';
import { describe, expect, it } from 'vitest';
import { createMemoryTransport, createSharedNetwork } from './memory-transport.ts';

const network = createSharedNetwork();
datagramConformance(
  { describe, it },
  { name: 'shared memory', create: () => createMemoryTransport(network) },
);

it('a port has only one owner', async () => {
  await using taken = createMemoryTransport(network, 64);
  expect(taken.localAddress).toBe('threads:64');
  expect(() => createMemoryTransport(network, 64)).toThrow(TransportError);
});

it('datagrams of concurrent writers are neither lost nor mixed up once accepted', async () => {
  const own = createSharedNetwork();
  await using inbox = createMemoryTransport(own, 1);
  const count = 2000;
  const next = [0, 0, 0];
  const done = new Promise<void>((resolve) => {
    inbox.receive((from, bytes) => {
      const writer = Number(from.slice('threads:'.length)) - 2;
      const [number] = new Uint32Array(bytes.buffer, 0, 1);
      expect(number).toBe(next[writer]);
      next[writer] = number! + 1;
      expect(bytes.subarray(4).every((byte) => byte === writer)).toBe(true);
      if (next.every((each) => each === count)) resolve();
    });
  });
  const url = new URL('../dist/writer.js', import.meta.url);
  const workers = next.map((_, writer) => new Worker(url, { workerData: { own, writer, count } }));
  await done;
  await Promise.all(workers.map((worker) => worker.terminate()));
});
