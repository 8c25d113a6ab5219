import { connect } from 'node:net';
import { dialService, parseAddress, serviceListeners } from '@shoal/transport';
import { MAX_FRAME_LENGTH } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import type { StreamOptions } from '../sockets/stream-options.ts';
import { all, bytes, closers, deafHost, dial, listen, next, u32 } from './tcp.test-helper.ts';
import { createTcpTransport } from './tcp-transport.ts';

describe('addresses', () => {
  it.each(['127.0.0.1:0', '[::1]:0', 'localhost:0'])('binds %s and connects to it', async (at) => {
    const listener = await listen({}, at);
    expect(parseAddress(listener.address).port).toBeGreaterThan(0);
    const connection = await dial(listener.address);
    const accepted = await next(listener);
    connection.send(bytes(1));
    expect(await next(accepted)).toEqual(bytes(1));
    expect(connection.remoteAddress).toBe(listener.address);
    expect(accepted.remoteAddress).toMatch(/^(127\.0\.0\.1|\[::1\]):\d+$/);
    await Promise.all([connection.close(), accepted.close()]);
  });

  it('gives an IPv4 peer of an IPv6 listener its IPv4 address', async () => {
    const listener = await listen({}, '[::]:0');
    await dial(`127.0.0.1:${parseAddress(listener.address).port}`);
    expect((await next(listener)).remoteAddress).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it.each(['nonsense', '127.0.0.1', '127.0.0.1:0', '127.0.0.1:1!tab'])(
    'does not dial %s',
    async (address) => {
      await expect(createTcpTransport().dial(address)).rejects.toMatchObject({ code: 'address' });
    },
  );

  it('reports that nobody listens, that a port is taken, and that an address is invalid', async () => {
    const gone = await listen();
    await gone.close();
    await expect(createTcpTransport().dial(gone.address)).rejects.toMatchObject({
      code: 'refused',
      cause: expect.objectContaining({ code: 'ECONNREFUSED' }),
    });
    const { address } = await listen();
    await expect(listen({}, address)).rejects.toMatchObject({ code: 'in-use' });
    await expect(listen({}, 'x')).rejects.toMatchObject({ code: 'address' });
  });

  it('refuses options out of range', () => {
    const bad: StreamOptions[] = [
      { maxFrameLength: 0 },
      { maxFrameLength: MAX_FRAME_LENGTH + 1 },
      { maxFrameLength: 10, maxFirstFrameLength: 11 },
      { highWaterMark: 0 },
      { highWaterMark: Number.NaN },
      { maxBuffered: 1000 },
      { maxFrameLength: 10, maxBuffered: 100, highWaterMark: 101 },
      { dialTimeout: 0 },
      { maxConnections: 1.5 },
      { keepAlive: -1 },
    ];
    for (const options of bad) {
      expect(() => createTcpTransport(options)).toThrow(
        expect.objectContaining({ code: 'argument' }),
      );
    }
  });
});

describe('dial', () => {
  it('is canceled by a signal that fires before or while it waits', async () => {
    const { address } = await listen();
    const transport = createTcpTransport();
    const fired = AbortSignal.abort(new Error('early'));
    await expect(transport.dial(address, { signal: fired })).rejects.toMatchObject({
      code: 'aborted',
      cause: expect.objectContaining({ message: 'early' }),
    });
    const controller = new AbortController();
    const dialing = transport.dial(address, { signal: controller.signal });
    controller.abort(new Error('late'));
    await expect(dialing).rejects.toMatchObject({ code: 'aborted' });
  });

  it('is not affected by a signal that fires afterwards', async () => {
    const listener = await listen();
    const controller = new AbortController();
    const connection = await createTcpTransport().dial(listener.address, {
      signal: controller.signal,
    });
    const accepted = await next(listener);
    controller.abort();
    connection.send(bytes(1));
    expect(await next(accepted)).toEqual(bytes(1));
    connection.abort(new Error('done'));
  });

  it('gives up on a host that does not answer, by timeout and by signal', async () => {
    const address = await deafHost();
    const quick = createTcpTransport({ dialTimeout: 100, closeTimeout: 1 });
    // The host's queue takes a few connections that nobody accepts, then nothing is answered.
    await expect(
      (async () => {
        for (let i = 0; i < 64; i++) {
          const connection = await quick.dial(address);
          closers.push(() => connection.abort(new Error('test over')));
        }
      })(),
    ).rejects.toMatchObject({ code: 'timeout' });
    const controller = new AbortController();
    const dialing = createTcpTransport().dial(address, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 20);
    await expect(dialing).rejects.toMatchObject({
      code: 'aborted',
      cause: expect.objectContaining({ message: 'enough' }),
    });
  });
});

describe('a listener', () => {
  it('refuses connections over its limit and accepts new ones when there is room', async () => {
    const listener = await listen({ maxConnections: 2 });
    const first = await dial(listener.address);
    await dial(listener.address);
    const over = await dial(listener.address);
    await expect(
      all(over).then((frames) => {
        if (frames.length === 0) throw new Error('ended');
      }),
    ).rejects.toThrow();
    const accepted = await next(listener);
    await Promise.all([first.close(), accepted.close()]);
    await next(listener);
    const again = await dial(listener.address);
    const third = await next(listener);
    again.send(bytes(7));
    expect(await next(third)).toEqual(bytes(7));
  });

  it('ends its loops when closed, aborts waiting connections, and keeps the others open', async () => {
    const listener = await listen();
    const taken = await dial(listener.address);
    const accepted = await next(listener);
    const waiting = await dial(listener.address);
    await new Promise((done) => setImmediate(done));
    await listener.close();
    await listener.close();
    await expect(all(waiting)).rejects.toMatchObject({ code: 'reset' });
    expect((await listener[Symbol.asyncIterator]().next()).done).toBe(true);
    taken.send(bytes(1));
    expect(await next(accepted)).toEqual(bytes(1));
    const again = await listen({}, listener.address);
    expect(again.address).toBe(listener.address);
  });

  it('closes when its signal fires', async () => {
    const transport = createTcpTransport();
    const controller = new AbortController();
    const listener = await transport.listen('127.0.0.1:0', { signal: controller.signal });
    const loop = listener[Symbol.asyncIterator]().next();
    controller.abort();
    expect((await loop).done).toBe(true);
    await expect(
      transport.listen('127.0.0.1:0', { signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('services over TCP', () => {
  it('go to their own listeners; connections to unknown ones are aborted', async () => {
    const listener = await listen();
    const { REP_SYNCUP, RESTORE } = serviceListeners(listener, ['REP_SYNCUP', 'RESTORE']);
    const transport = createTcpTransport({ closeTimeout: 500 });
    const restore = await dialService(transport, listener.address, 'RESTORE');
    const syncup = await dialService(transport, listener.address, 'REP_SYNCUP');
    const unknown = await dialService(transport, listener.address, 'PEER_FEEDER');
    syncup.send(bytes(1));
    restore.send(bytes(2));
    expect(await next(await next(REP_SYNCUP))).toEqual(bytes(1));
    expect(await next(await next(RESTORE))).toEqual(bytes(2));
    await expect(all(unknown)).rejects.toMatchObject({ code: 'reset' });
    for (const connection of [restore, syncup]) connection.abort(new Error('done'));
  });

  it('abort a connection that sends its name too slowly, and serve others meanwhile', async () => {
    const listener = await listen();
    const { A } = serviceListeners(listener, ['A'], { timeout: 300 });
    const { host, port } = parseAddress(listener.address);
    const slow = connect({ host, port });
    slow.on('error', () => {}).resume();
    const gone = new Promise((resolve) => slow.once('close', resolve));
    // A frame of 100 bytes, one at a time.
    slow.write(u32(100));
    const drip = setInterval(() => slow.write(bytes(65)), 20);
    const good = await dialService(createTcpTransport(), listener.address, 'A');
    const accepted = await next(A);
    await gone;
    clearInterval(drip);
    good.send(bytes(1));
    expect(await next(accepted)).toEqual(bytes(1));
    good.abort(new Error('done'));
  });
});
