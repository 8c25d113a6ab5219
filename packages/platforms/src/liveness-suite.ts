import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestRunner } from '@shoal/testkit/conformance';
import { parseAddress } from '@shoal/transport';
import { createWebSocketTransport } from '@shoal/transport-websocket';
import { createWebSocketServerTransport } from '@shoal/transport-websocket/server';
import { HANDSHAKE } from './garbage.ts';

const PING_INTERVAL = 200;

/** Checks what a listener takes for a sign of life: platforms count bytes and pongs differently. */
export function livenessSuite({ describe, it }: TestRunner): void {
  const server = createWebSocketServerTransport({ pingInterval: PING_INTERVAL });

  describe('a WebSocket listener', () => {
    it('keeps a connection that is idle but answers pings', async () => {
      await using listener = await server.listen('127.0.0.1:0');
      await using near = await createWebSocketTransport().dial(listener.address);
      const { value: far } = await listener[Symbol.asyncIterator]().next();
      await new Promise((resolve) => setTimeout(resolve, 6 * PING_INTERVAL));
      near.send(Uint8Array.of(7));
      const { value: frame } = await far![Symbol.asyncIterator]().next();
      if (frame?.[0] !== 7) throw new Error(`got ${frame} instead of 7`);
    });

    it('drops a connection that does not answer pings', async () => {
      await using listener = await server.listen('127.0.0.1:0');
      const { host, port } = parseAddress(listener.address);
      const socket = connect({ host, port });
      socket.on('error', () => {});
      try {
        await once(socket, 'connect');
        socket.resume();
        socket.write(HANDSHAKE);
        const { value: far } = await listener[Symbol.asyncIterator]().next();
        const end = await far!
          [Symbol.asyncIterator]()
          .next()
          .then(
            () => 'an orderly end',
            (error: { code?: string }) => error.code,
          );
        if (end !== 'timeout') throw new Error(`ended with ${end} instead of timeout`);
      } finally {
        socket.destroy();
      }
    });
  });
}
