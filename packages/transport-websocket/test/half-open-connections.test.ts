import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
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
});
