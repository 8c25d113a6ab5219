import type { Connection } from '@shoal/transport';
import { afterEach, describe, expect, it } from 'vitest';
import type { StreamOptions } from '../src/sockets/stream-options.ts';
import { createTcpTransport } from '../src/tcp/tcp-transport.ts';

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Both ends of a connection; the options are those of the first. */
async function pair(options: StreamOptions): Promise<[Connection, Connection]> {
  const listener = await createTcpTransport({ closeTimeout: 500 }).listen('127.0.0.1:0');
  const near = await createTcpTransport(options).dial(listener.address);
  const far = await next(listener);
  closers.push(() => listener.close());
  for (const end of [near, far]) closers.push(() => end.abort(new Error('test over')));
  return [near, far];
}

/** The next item of a loop that goes on later. */
async function next<T>(from: AsyncIterable<T>): Promise<T> {
  const result = await from[Symbol.asyncIterator]().next();
  if (result.done) throw new Error('ended');
  return result.value;
}

async function all(from: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  for await (const frame of from) frames.push(frame);
  return frames;
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values);

describe('a peer that falls silent', () => {
  it('is lost after idleTimeout, even while data is on its way to it', async () => {
    const [near, far] = await pair({ idleTimeout: 40 });
    far.send(bytes(1));
    far.send(bytes(2));
    expect(await next(near)).toEqual(bytes(1));
    const peer = expect(all(far)).rejects.toMatchObject({ code: 'reset' });
    near.send(bytes(3));
    // What had arrived comes first.
    expect(await next(near)).toEqual(bytes(2));
    await expect(next(near)).rejects.toMatchObject({ code: 'timeout' });
    await expect(near.ready()).rejects.toMatchObject({ code: 'timeout' });
    await peer;
    await near.close();
  });

  it('is not, while it has said something that this process had no time to read', async () => {
    const [near, far] = await pair({ idleTimeout: 200 });
    const reading = next(near);
    await new Promise((resolve) => setImmediate(resolve));
    far.send(bytes(1));
    // So that it lies in the socket when the time is up.
    await new Promise((resolve) => process.nextTick(resolve));
    const end = performance.now() + 400;
    while (performance.now() < end);
    expect(await reading).toEqual(bytes(1));
  });

  it('is not, while it must wait for this side, nor after it has ended its own', async () => {
    const [near, far] = await pair({ idleTimeout: 300, receiveHighWaterMark: 1000 });
    for (let i = 0; i < 10; i++) far.send(new Uint8Array(1000));
    await next(near);
    await new Promise((resolve) => setTimeout(resolve, 800));
    for (let i = 1; i < 10; i++) expect((await next(near)).length).toBe(1000);
    const closing = far.close();
    expect(await all(near)).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(near.send(bytes(1))).toBe(true);
    await Promise.all([near.close(), closing]);
  });
});
