import { streamConformance } from '@shoal/testkit/conformance';
import { describe, it } from 'vitest';
import { WebSocket } from 'ws';
import { sendGarbage } from '../../platforms/src/garbage.ts';
import type { WebSocketConstructor } from '../src/dialing/browser-socket.ts';
import { createWebSocketTransport } from '../src/index.ts';
import { createWebSocketServerTransport } from '../src/server.ts';

const runner = { describe, it };

for (const address of ['127.0.0.1:0', '[::1]:0']) {
  streamConformance(runner, {
    name: `ws at ${address}`,
    address,
    create: (limits) => createWebSocketServerTransport(limits),
    garbage: sendGarbage,
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
