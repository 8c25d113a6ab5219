import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createTcpTransport } from '../dist/index.js';

/** Sends `count` frames over an open connection, and reads them with `for await`. */
export async function ourTcp(size, count, transport = createTcpTransport()) {
  const listener = await transport.listen('127.0.0.1:0');
  const from = await transport.dial(listener.address);
  const to = (await listener[Symbol.asyncIterator]().next()).value;
  const frame = new Uint8Array(size).fill(1);
  return {
    async run() {
      const sending = (async () => {
        for (let i = 0; i < count; i++) if (!from.send(frame)) await from.ready();
      })();
      let received = 0;
      for await (const got of to) if (got.length === size && ++received === count) break;
      await sending;
      return count;
    },
    async close() {
      await Promise.all([from.close(), to.close()]);
      await listener.close();
    },
  };
}

/** The best that node:net alone can do: frames in 64 KiB slabs or corked, cut without copying. */
export async function bareTcp(size, count) {
  const server = createServer({ noDelay: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const from = connect({ port, host: '127.0.0.1', noDelay: true, writableHighWaterMark: 1 << 20 });
  const [to] = await once(server, 'connection');
  const payload = Buffer.alloc(size, 1);
  const perSlab = Math.max(1, Math.floor(65_536 / (size + 4)));
  return {
    async run() {
      let received = 0;
      let done;
      const finished = new Promise((resolve) => {
        done = resolve;
      });
      const onFrame = (frame) => {
        if (frame.length === size && ++received === count) done();
      };
      const parse = parser(onFrame);
      to.on('data', parse);
      for (let i = 0; i < count; ) {
        const frames = Math.min(perSlab, count - i);
        let free;
        if (size > 16_384) {
          from.cork();
          const header = Buffer.allocUnsafe(4);
          header.writeUInt32LE(size, 0);
          from.write(header);
          free = from.write(payload);
          from.uncork();
        } else {
          const slab = Buffer.allocUnsafe(frames * (size + 4));
          for (let at = 0; at < slab.length; at += size + 4) {
            slab.writeUInt32LE(size, at);
            slab.set(payload, at + 4);
          }
          free = from.write(slab);
        }
        i += frames;
        if (!free && from.writableNeedDrain) await once(from, 'drain');
      }
      await finished;
      to.off('data', parse);
      return count;
    },
    async close() {
      from.destroy();
      to.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function parser(onFrame) {
  let header = 0;
  let headerBytes = 0;
  let payload;
  let filled = 0;
  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (payload) {
        const end = Math.min(chunk.length, at + payload.length - filled);
        payload.set(chunk.subarray(at, end), filled);
        filled += end - at;
        at = end;
        if (filled < payload.length) return;
        onFrame(payload);
        payload = undefined;
        continue;
      }
      while (headerBytes < 4 && at < chunk.length) header += chunk[at++] * 256 ** headerBytes++;
      if (headerBytes < 4) return;
      if (at + header <= chunk.length) {
        onFrame(chunk.subarray(at, at + header));
        at += header;
      } else {
        payload = Buffer.allocUnsafeSlow(header);
        filled = 0;
      }
      header = 0;
      headerBytes = 0;
    }
  };
}
