import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import {
  closers,
  dial,
  endOf,
  HEADERS,
  handshake,
  keep,
  listen,
  masked,
  next,
  SPEAKS,
} from '../../test/websocket.test-helper.ts';
import type { WebSocketConstructor } from './browser-socket.ts';

describe('half-open connections', () => {
  it('are found by a ping that is not answered', async () => {
    const listener = await listen({ pingInterval: 20 });
    const { socket } = await handshake(listener.address, [...HEADERS, SPEAKS]);
    const pings: number[] = [];
    socket.on('data', (chunk: Buffer) => pings.push(chunk[0]!));
    const accepted = await next(listener);
    expect(await endOf(accepted)).toBe('timeout');
    expect(pings[0]).toBe(0x89);
    await expect(accepted.ready()).rejects.toMatchObject({ code: 'timeout' });
  });

  it('are told from idle ones, and from those that are not read', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    closers.push(() => vi.useRealTimers());
    const listener = await listen({ pingInterval: 1000, receiveHighWaterMark: 1000 });
    const { socket } = await handshake(listener.address, [...HEADERS, SPEAKS]);
    const accepted = keep(await next(listener));
    for (let i = 0; i < 3; i++) {
      const ping = once(socket, 'data');
      vi.advanceTimersByTime(1000);
      expect(((await ping) as [Buffer])[0][0]).toBe(0x89);
      socket.write(masked(0x8a)); // a pong, and a frame that shows when it has come
      socket.write(masked(0x82, i));
      expect(await next(accepted)).toEqual(Uint8Array.of(i));
    }
    // From now on nobody reads: the connection is paused, and sees no pong.
    const frame = masked(0x82, ...new Uint8Array(100));
    for (let i = 0; i < 20_000; i++) socket.write(frame);
    for (let i = 0; i < 50; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (i > 30) vi.advanceTimersByTime(1000);
    }
    for (let i = 0; i < 20_000; i++) expect((await next(accepted)).length).toBe(100);
  });

  it('are told from those that take what waits for them', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    closers.push(() => vi.useRealTimers());
    const listener = await listen({ pingInterval: 1000 });
    const { socket } = await handshake(listener.address, [...HEADERS, SPEAKS]);
    socket.pause();
    const accepted = keep(await next(listener));
    // Until the system has taken all that it takes.
    let left = true;
    while (left) {
      while (accepted.send(new Uint8Array(1 << 18)));
      left = false;
      void accepted.ready().then(
        () => {
          left = true;
        },
        () => {},
      );
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    }
    vi.advanceTimersByTime(1000);
    socket.resume();
    await accepted.ready();
    // No pong has come, since the ping waits behind the frames, but these have left.
    vi.advanceTimersByTime(1000);
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    await accepted.ready();
    expect(accepted.send(new Uint8Array(1)) || (await accepted.ready()) === undefined).toBe(true);
  });
});

describe('what a peer may send', () => {
  it.each([
    ['text', masked(0x81, 65), 'protocol', 1003],
    ['a frame that is not masked', Uint8Array.of(0x82, 1, 65), 'protocol', 1002],
    ['a reserved bit', masked(0xc2, 65), 'protocol', 1002],
    ['a length over the limit', Uint8Array.of(0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0), 'size', 1009],
  ])('is not %s', async (_, frame, code, closeCode) => {
    const listener = await listen({ maxFrameLength: 1000 });
    const { socket } = await handshake(listener.address, [...HEADERS, SPEAKS]);
    const answer = once(socket, 'data');
    socket.write(frame);
    expect(await endOf(await next(listener))).toBe(code);
    const [chunk] = (await answer) as [Buffer];
    expect([chunk[0], chunk.readUInt16BE(2)]).toEqual([0x88, closeCode]);
  });

  it('includes a message in fragments', async () => {
    const listener = await listen();
    const { socket } = await handshake(listener.address, [...HEADERS, SPEAKS]);
    for (const part of [masked(0x02, 1), masked(0x00, 2), masked(0x80, 3)]) socket.write(part);
    expect(await next(keep(await next(listener)))).toEqual(Uint8Array.of(1, 2, 3));
  });

  it.each([
    ['1001, as a tab that is left', 1001, 'reset'],
    ['1009', 1009, 'size'],
    ['4000, as a page that breaks off', 4000, 'reset'],
    ['1000', 1000, 'end'],
  ])('ends with what the close code %s means', async (_, code, end) => {
    const listener = await listen();
    const { socket } = await handshake(listener.address, [...HEADERS, SPEAKS]);
    socket.write(masked(0x88, code >> 8, code & 255));
    expect(await endOf(keep(await next(listener)))).toBe(end);
  });
});

describe("a platform's WebSocket", () => {
  const Platform = WebSocket as unknown as WebSocketConstructor;

  it('is broken off when more is unread than may be', async () => {
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

  it('breaks off a frame that is over the limit', async () => {
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
