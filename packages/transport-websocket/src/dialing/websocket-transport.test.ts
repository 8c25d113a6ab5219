import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  closers,
  dial,
  endOf,
  HEADERS,
  keep,
  listen,
  next,
} from '../../test/websocket.test-helper.ts';
import type { WebSocketConstructor } from './browser-socket.ts';

describe("a platform's WebSocket", () => {
  const Platform = WebSocket as unknown as WebSocketConstructor;

  it('is aborted when too many bytes are unread', async () => {
    const listener = await listen();
    const near = await dial(listener.address, {
      WebSocket: Platform,
      maxFrameLength: 1000,
      maxUnread: 10_000,
    });
    const far = keep(await next(listener));
    const end = endOf(far);
    for (let i = 0; i < 20; i++) far.send(new Uint8Array(1000));
    // The peer is told that it was no orderly end.
    expect(await end).toBe('reset');
    expect(await endOf(near)).toBe('overflow');
  });

  it('aborts on a frame over the limit', async () => {
    const listener = await listen();
    const near = await dial(listener.address, { WebSocket: Platform, maxFrameLength: 1000 });
    const far = keep(await next(listener));
    far.send(new Uint8Array(1001));
    expect(await endOf(near)).toBe('size');
    expect(await endOf(far)).toBe('reset');
  });

  it('is not used with a server that chooses another subprotocol', async () => {
    const server = createServer();
    server.on('upgrade', (_, socket) => {
      socket.end(
        `HTTP/1.1 101 x\r\n${HEADERS.slice(1, 3).join('\r\n')}\r\nSec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n`,
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const attempt = dial(`127.0.0.1:${port}`, { WebSocket: Platform });
    await expect(attempt).rejects.toMatchObject({
      code: expect.stringMatching(/^(refused|protocol)$/),
    });
  });
});
