// For a test: sends numbers, each one as soon as there is room.
import { workerData } from 'node:worker_threads';
import { createMemoryTransport } from './memory-transport.ts';

const { own, writer, count } = workerData as {
  own: SharedArrayBuffer;
  writer: number;
  count: number;
};
const transport = createMemoryTransport(own, writer + 2);
for (let i = 0; i < count; i++) {
  const bytes = new Uint8Array(4 + (i % 1000)).fill(writer);
  new Uint32Array(bytes.buffer, 0, 1)[0] = i;
  while (!transport.send('threads:1', bytes)) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
await transport.close();
