import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { attachWebSocketListener } from '../src/server.ts';
import {
  closers,
  endOf,
  HEADERS,
  handshake,
  keep,
  listen,
  masked,
  next,
  SPEAKS,
} from './websocket.test-helper.ts';

describe('half-open connections', () => {
  it('are detected by an unanswered ping', async () => {
    const listener = await listen({ pingInterval: 20 });
    const { socket } = await handshake(listener.address, [...HEADERS, SPEAKS]);
    const pings: number[] = [];
    socket.on('data', (chunk: Buffer) => pings.push(chunk[0]!));
    const accepted = await next(listener);
    expect(await endOf(accepted)).toBe('timeout');
    expect(pings[0]).toBe(0x89);
    await expect(accepted.ready()).rejects.toMatchObject({ code: 'timeout' });
  });

  it('are distinguished from idle ones, and from those that are not read', async () => {
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

  it('are distinguished from those whose waiting bytes leave', async () => {
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

  it('are detected without the byte counters of the socket, which stay 0 on Bun', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    closers.push(() => vi.useRealTimers());
    const server = createServer();
    let far: Socket | undefined;
    server.on('connection', (accepted) => {
      far = accepted;
      for (const name of ['bytesRead', 'bytesWritten']) {
        Object.defineProperty(accepted, name, { value: 0 });
      }
    });
    closers.push(() => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const listener = attachWebSocketListener(server, { pingInterval: 1000 });
    closers.push(() => listener.close());
    const { port } = server.address() as AddressInfo;
    const { socket } = await handshake(`127.0.0.1:${port}`, [...HEADERS, SPEAKS]);
    const accepted = keep(await next(listener));
    const answers = [masked(0x8a), masked(0x89), masked(0x82, 1)]; // a pong, a ping, a message
    for (const answer of [...answers, ...answers]) {
      const ping = once(socket, 'data');
      vi.advanceTimersByTime(1000);
      await ping;
      const arrived = once(far!, 'data');
      socket.write(answer);
      await arrived;
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (let i = 0; i < 2; i++) expect(await next(accepted)).toEqual(Uint8Array.of(1));
    const end = endOf(accepted);
    for (let i = 0; i < 3; i++) vi.advanceTimersByTime(1000);
    expect(await end).toBe('timeout');
  });
});
