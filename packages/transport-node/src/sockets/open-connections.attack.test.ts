import type { Connection } from '@shoal/transport';
import { afterEach, describe, expect, it } from 'vitest';
import { createTcpTransport } from '../tcp/tcp-transport.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function dial(address: string): Promise<Connection> {
  const connection = await createTcpTransport().dial(address);
  closers.push(() => connection.abort(new Error('test over')));
  return connection;
}

async function next<T>(from: AsyncIterable<T>): Promise<T> {
  const result = await from[Symbol.asyncIterator]().next();
  if (result.done) throw new Error('ended');
  return result.value;
}

describe('strangers who hold all connections of a listener open', () => {
  it.each([{ maxConnections: 3 }, { maxConnectionsPerHost: 3 }])(
    'make room for others, but those that are vouched for do not: %o',
    async (limits) => {
      const listener = await createTcpTransport({ ...limits, whenFull: 'replace' }).listen(
        '127.0.0.1:0',
      );
      closers.push(() => listener.close());
      const known = await dial(listener.address);
      (await next(listener)).vouch?.();
      const strangers = [];
      for (let i = 0; i < 5; i++) {
        strangers.push(await dial(listener.address));
        await next(listener);
      }
      for (const stranger of strangers.slice(0, 3)) await expect(next(stranger)).rejects.toThrow();
      expect(known.send(Uint8Array.of(1))).toBe(true);
      await known.ready();
    },
  );

  it('are refused if all others are vouched for', async () => {
    const listener = await createTcpTransport({ maxConnections: 2, whenFull: 'replace' }).listen(
      '127.0.0.1:0',
    );
    closers.push(() => listener.close());
    for (let i = 0; i < 2; i++) {
      await dial(listener.address);
      (await next(listener)).vouch?.();
    }
    await expect(next(await dial(listener.address))).rejects.toThrow();
  });
});

it('limitFrames breaks off a peer that sends a longer frame', async () => {
  const listener = await createTcpTransport().listen('127.0.0.1:0');
  closers.push(() => listener.close());
  const near = await dial(listener.address);
  const far = await next(listener);
  far.limitFrames?.(100);
  near.send(new Uint8Array(100));
  expect(await next(far)).toHaveLength(100);
  near.send(new Uint8Array(101));
  await expect(next(far)).rejects.toMatchObject({ code: 'size' });
});
