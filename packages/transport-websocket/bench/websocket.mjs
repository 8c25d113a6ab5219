import { once } from 'node:events';
import { WebSocket, WebSocketServer } from 'ws';
import { createWebSocketServerTransport } from '../dist/server.js';

/** Sends `count` frames over an open connection, and reads them with `for await`. */
export async function ourWs(size, count) {
  const transport = createWebSocketServerTransport();
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

/** The best that `ws` alone can do: corked at 64 KiB, with back-pressure by write callbacks. */
export async function bareWs(size, count) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await once(server, 'listening');
  const url = `ws://127.0.0.1:${server.address().port}`;
  const from = new WebSocket(url, { perMessageDeflate: false });
  const upgraded = once(from, 'upgrade');
  const [to] = await once(server, 'connection');
  const [{ socket }] = await upgraded;
  const frame = new Uint8Array(size).fill(1);
  return {
    async run() {
      let received = 0;
      const all = new Promise((resolve) => {
        to.removeAllListeners('message');
        to.on('message', (got) => {
          if (got.length === size && ++received === count) resolve();
        });
      });
      for (let i = 0; i < count; ) {
        socket.cork();
        for (let bytes = 0; i < count && bytes < 65_536; bytes += size, i++) {
          from.send(frame, { binary: true });
        }
        socket.uncork();
        if (from.bufferedAmount >= 1 << 20) await new Promise((done) => socket.write('', done));
      }
      await all;
      return count;
    },
    async close() {
      from.terminate();
      server.close();
    },
  };
}
