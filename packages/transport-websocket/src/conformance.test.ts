import { connect } from 'node:net';
import { streamConformance } from '@shoal/testkit/conformance';
import { parseAddress } from '@shoal/transport';
import { describe, it } from 'vitest';
import { WebSocket } from 'ws';
import type { WebSocketConstructor } from './browser-socket.ts';
import { createWebSocketTransport } from './index.ts';
import { createWebSocketServerTransport } from './server.ts';

const runner = { describe, it };

/** Bytes that are no handshake, and a frame that is none after a good handshake. */
async function garbage(address: string): Promise<void> {
  const { host, port } = parseAddress(address);
  const handshake = [
    'GET / HTTP/1.1',
    'Host: x',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    'Sec-WebSocket-Protocol: shoal.1',
    '\r\n',
  ].join('\r\n');
  for (const opening of ['', handshake]) {
    const socket = connect({ host, port });
    socket.on('error', () => {});
    socket.resume();
    socket.write(opening);
    socket.write(new Uint8Array(1000).fill(0xff));
    await new Promise((resolve) => socket.once('close', resolve));
  }
}

for (const address of ['127.0.0.1:0', '[::1]:0']) {
  streamConformance(runner, {
    name: `ws at ${address}`,
    address,
    create: (limits) => createWebSocketServerTransport(limits),
    garbage,
  });
}

streamConformance(runner, {
  name: 'ws, loaded by the client where there is no WebSocket',
  pauses: globalThis.WebSocket === undefined,
  create: (limits, role) =>
    role === 'dial'
      ? createWebSocketTransport({ ...limits, maxUnread: 1 << 21 })
      : createWebSocketServerTransport(limits),
});

// The platform's own, without what `ws` has more: this is what a browser's WebSocket can do.
streamConformance(runner, {
  name: "a platform's WebSocket",
  pauses: false,
  create: (limits, role) =>
    role === 'dial'
      ? createWebSocketTransport({
          ...limits,
          maxUnread: 1 << 21,
          WebSocket: WebSocket as unknown as WebSocketConstructor,
        })
      : createWebSocketServerTransport(limits),
});
