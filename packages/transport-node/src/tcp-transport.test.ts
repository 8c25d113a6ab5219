import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import {
  type Connection,
  dialService,
  type Listener,
  parseAddress,
  type StreamTransport,
  serviceListeners,
} from '@shoal/transport';
import { encodeFrame, MAX_FRAME_LENGTH } from '@shoal/wire';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { StreamOptions } from './stream-options.ts';
import { createTcpTransport } from './tcp-transport.ts';

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** The next item of a loop that goes on later. */
async function next<T>(from: AsyncIterable<T>): Promise<T> {
  const result = await from[Symbol.asyncIterator]().next();
  if (result.done) throw new Error('ended');
  return result.value;
}

async function listen(options: StreamOptions = {}, address = '127.0.0.1:0'): Promise<Listener> {
  const listener = await createTcpTransport({ closeTimeout: 500, ...options }).listen(address);
  closers.push(() => listener.close());
  return listener;
}

async function dial(
  address: string,
  options: StreamOptions & { transport?: StreamTransport } = {},
): Promise<Connection> {
  const { transport, ...limits } = options;
  const connection = await (transport ?? createTcpTransport({ closeTimeout: 500, ...limits })).dial(
    address,
  );
  closers.push(() => connection.abort(new Error('test over')));
  return connection;
}

/** Both ends of a connection. */
async function pair(
  near: StreamOptions = {},
  far: StreamOptions = {},
): Promise<[Connection, Connection]> {
  const listener = await listen(far);
  const connection = await dial(listener.address, near);
  const accepted = await next(listener);
  closers.push(() => accepted.abort(new Error('test over')));
  return [connection, accepted];
}

/** A connection whose peer is a bare socket. */
async function rawPeer(options: StreamOptions = {}): Promise<[Connection, Socket]> {
  const listener = await listen(options);
  const { host, port } = parseAddress(listener.address);
  const socket = connect({ host, port, noDelay: true, allowHalfOpen: true });
  socket.on('error', () => {});
  closers.push(() => socket.destroy());
  await once(socket, 'connect');
  return [await next(listener), socket];
}

/** Where a thread listens that accepts nothing, since it is stopped. */
async function deafHost(): Promise<string> {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     // Once it is woken to end, it accepts what has been broken off already.
     const server = require('node:net').createServer((socket) => socket.on('error', () => {}));
     server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       Atomics.wait(workerData, 0, 0);
     });`,
    { eval: true, workerData: stop },
  );
  closers.push(async () => {
    Atomics.store(stop, 0, 1);
    Atomics.notify(stop, 0);
    await worker.terminate();
  });
  const [port] = await once(worker, 'message');
  return `127.0.0.1:${port}`;
}

async function all(from: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  for await (const frame of from) frames.push(frame);
  return frames;
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values);

function u32(value: number): Uint8Array {
  const result = new Uint8Array(4);
  new DataView(result.buffer).setUint32(0, value, true);
  return result;
}

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

  it('says that nobody listens, that a port is taken, that text is no address', async () => {
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

describe('frames', () => {
  it('come out as they went in, in both directions, of any sizes', async () => {
    const [near, far] = await pair();
    const sizes = fc.array(
      fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 16_000, max: 200_000 })),
      { minLength: 1, maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(sizes, fc.boolean(), async (lengths, forth) => {
        const [from, to] = forth ? [near, far] : [far, near];
        const sent = lengths.map((length, i) => new Uint8Array(length).fill(i + 1));
        for (const frame of sent) from.send(frame);
        for (const frame of sent) expect(Buffer.compare(await next(to), frame)).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('keep their order when there are 200,000 small ones', async () => {
    const [near, far] = await pair();
    const count = 200_000;
    const sending = (async () => {
      for (let i = 0; i < count; i++) if (!near.send(u32(i))) await near.ready();
      await near.close();
    })();
    let at = 0;
    for await (const frame of far) {
      const value = new DataView(frame.buffer, frame.byteOffset, 4).getUint32(0, true);
      if (value !== at) throw new Error(`${value} in the place of ${at}`);
      at++;
    }
    expect(at).toBe(count);
    await far.close();
    await sending;
  });

  it('may be 64 MiB - 1 and 64 MiB long, and no longer', async () => {
    const [near, far] = await pair();
    for (const length of [MAX_FRAME_LENGTH - 1, MAX_FRAME_LENGTH]) {
      const frame = new Uint8Array(length);
      frame[0] = 1;
      frame[length - 1] = 2;
      near.send(frame);
      const got = await next(far);
      expect([got.length, got[0], got[length - 1]]).toEqual([length, 1, 2]);
    }
    expect(() => near.send(new Uint8Array(MAX_FRAME_LENGTH + 1))).toThrow(
      expect.objectContaining({ code: 'size' }),
    );
    near.send(bytes(3));
    expect(await next(far)).toEqual(bytes(3));
  });

  it('are plain Uint8Arrays', async () => {
    const [near, far] = await pair();
    near.send(bytes(1));
    expect((await next(far)).constructor).toBe(Uint8Array);
  });

  it('arrive whole from a peer that writes byte by byte', async () => {
    const [connection, socket] = await rawPeer();
    const reading = all(connection);
    const stream = Buffer.concat([bytes(1, 2, 3), bytes(), bytes(4)].map((f) => encodeFrame(f)));
    for (const byte of stream) await new Promise((done) => socket.write(bytes(byte), done));
    socket.end();
    expect(await reading).toEqual([bytes(1, 2, 3), bytes(), bytes(4)]);
  });
});

describe('back-pressure', () => {
  it('stops a sender whose peer does not read, and goes on when it does', async () => {
    const [near, far] = await pair();
    const frame = new Uint8Array(65_536);
    let sent = 0;
    while (near.send(frame)) sent++;
    const room = near.ready();
    let ready = false;
    void room.then(() => {
      ready = true;
    });
    // The system takes some megabytes; send until it takes no more for many turns.
    for (let quiet = 0; quiet < 50; quiet++) await new Promise((done) => setImmediate(done));
    while (ready) {
      ready = false;
      while (near.send(frame)) sent++;
      void near.ready().then(() => {
        ready = true;
      });
      for (let quiet = 0; quiet < 50; quiet++) await new Promise((done) => setImmediate(done));
    }
    const stuck = near.ready();
    expect(near.send(bytes(1))).toBe(false);
    sent += 2; // the two frames for which `send` said false were taken as well
    let got = 0;
    const reading = (async () => {
      for await (const _ of far) got++;
    })();
    await stuck;
    await near.close();
    await reading;
    expect(got).toBeGreaterThanOrEqual(sent);
  });

  it('reads no more than its mark from a peer whose frames nobody takes', async () => {
    const [connection, socket] = await rawPeer({ receiveHighWaterMark: 100_000 });
    const total = 64 << 20;
    const frame = encodeFrame(new Uint8Array(1000));
    const stream = Buffer.concat(new Array<Uint8Array>(1044).fill(frame)); // about 1 MiB
    for (let i = 0; i < 64; i++) socket.write(stream);
    await next(connection); // starts the reading
    let last = -1;
    for (let quiet = 0; quiet < 100; quiet++) {
      if (socket.bytesWritten - socket.writableLength !== last) quiet = 0;
      last = socket.bytesWritten - socket.writableLength;
      await new Promise((done) => setImmediate(done));
    }
    // What left is in the kernel's buffers or in the bounded queue, not in this process's heap.
    expect(socket.writableLength).toBeGreaterThan(total / 4);
    socket.end();
    let frames = 1;
    for await (const _ of connection) frames++;
    expect(frames).toBe(1044 * 64);
  });

  it('does not pause in the middle of a frame over the mark', async () => {
    const [near, far] = await pair({}, { receiveHighWaterMark: 1 });
    near.send(new Uint8Array(5 << 20));
    near.send(bytes(1));
    expect((await next(far)).length).toBe(5 << 20);
    expect(await next(far)).toEqual(bytes(1));
  });

  it('aborts past the hard cap, and says so to everybody', async () => {
    const [near, far] = await pair({ maxFrameLength: 1 << 20, maxBuffered: 8 << 20 });
    const frame = new Uint8Array(1 << 20);
    while (near.send(frame));
    const waiting = expect(near.ready()).rejects.toMatchObject({ code: 'overflow' });
    const reading = expect(all(near)).rejects.toMatchObject({ code: 'overflow' });
    // Each of these ignores that `send` said false.
    for (let i = 0; i < 64; i++) near.send(frame);
    await waiting;
    await reading;
    await expect(near.ready()).rejects.toMatchObject({ code: 'overflow' });
    expect(near.send(bytes(1))).toBe(false);
    // A system that has unread bytes may report the cut instead of the reset.
    await expect(all(far)).rejects.toMatchObject({
      code: expect.stringMatching(/^(reset|protocol)$/),
    });
  });

  it('lets one wait for room be given up', async () => {
    const [near] = await pair();
    while (near.send(new Uint8Array(1 << 20)));
    const controller = new AbortController();
    const waiting = near.ready({ signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toMatchObject({
      code: 'aborted',
      cause: expect.objectContaining({ message: 'enough' }),
    });
    await expect(near.ready({ signal: controller.signal })).rejects.toMatchObject({
      code: 'aborted',
    });
  });
});

describe('the end of a connection', () => {
  it('comes after all that was sent before close', async () => {
    const [near, far] = await pair();
    const count = 300;
    for (let i = 0; i < count; i++) near.send(new Uint8Array(40_000).fill(i));
    const closing = near.close();
    expect(near.close()).toBe(closing);
    expect(near.send(bytes(1))).toBe(false);
    await expect(near.ready()).rejects.toMatchObject({ code: 'closed' });
    const frames = await all(far);
    expect(frames.map((frame) => frame[39_999])).toEqual(
      Array.from({ length: count }, (_, i) => i & 255),
    );
    await far.close();
    await closing;
    expect(await all(near)).toEqual([]);
  });

  it('does not wait for ever for a peer that neither reads nor ends', async () => {
    const [near] = await pair({ closeTimeout: 50 });
    while (near.send(new Uint8Array(1 << 20)));
    await near.close();
  });

  it('leaves the other direction open until it is ended too', async () => {
    const [connection, socket] = await rawPeer();
    socket.end(encodeFrame(bytes(1)));
    expect(await all(connection)).toEqual([bytes(1)]);
    const chunks: Buffer[] = [];
    socket.on('data', (data: Buffer) => chunks.push(data));
    connection.send(bytes(2));
    await Promise.all([connection.close(), once(socket, 'end')]);
    expect(Buffer.concat(chunks)).toEqual(Buffer.from(encodeFrame(bytes(2))));
  });

  it('ends the reading of the side that closes, even while it waits', async () => {
    const [near] = await pair();
    const reading = all(near);
    const [closed] = await Promise.all([near.close(), reading]);
    expect(closed).toBeUndefined();
  });

  it('in the middle of a frame is an error, after the frames before it', async () => {
    const [connection, socket] = await rawPeer();
    socket.end(Buffer.concat([encodeFrame(bytes(1)), u32(10), bytes(1, 2)]));
    expect(await next(connection)).toEqual(bytes(1));
    await expect(next(connection)).rejects.toMatchObject({
      code: 'protocol',
      cause: expect.objectContaining({ code: 'truncated' }),
    });
  });

  it('is told to both sides when one aborts', async () => {
    const [near, far] = await pair();
    const waiting = expect(all(near)).rejects.toMatchObject({
      code: 'aborted',
      cause: expect.objectContaining({ message: 'no more' }),
    });
    near.abort(new Error('no more'));
    near.abort(new Error('again'));
    await waiting;
    await expect(all(far)).rejects.toMatchObject({ code: 'reset' });
    await expect(next(near)).rejects.toMatchObject({ code: 'aborted' });
    await Promise.all([near.close(), far.close()]);
  });

  it('drops what was not read when this side aborts', async () => {
    const [near, far] = await pair();
    near.send(bytes(1));
    near.send(bytes(2));
    expect(await next(far)).toEqual(bytes(1));
    far.abort(new Error('no'));
    await expect(next(far)).rejects.toMatchObject({ code: 'aborted' });
  });

  it('works with await using', async () => {
    const listener = await listen();
    let accepted: Connection;
    {
      await using connection = await createTcpTransport().dial(listener.address);
      accepted = await next(listener);
      connection.send(bytes(1));
      void (async () => {
        expect(await all(accepted)).toEqual([bytes(1)]);
        await accepted.close();
      })();
    }
    expect(await all(accepted)).toEqual([]);
  });
});

describe('a hostile peer', () => {
  it.each([MAX_FRAME_LENGTH + 1, 0xffff_ffff])(
    'that announces %d bytes is broken off at once',
    async (length) => {
      const [connection, socket] = await rawPeer();
      const gone = new Promise((done) => socket.once('close', done).resume());
      const before = process.memoryUsage().arrayBuffers;
      socket.write(Buffer.concat([encodeFrame(bytes(1)), u32(length)]));
      expect(await next(connection)).toEqual(bytes(1));
      await expect(next(connection)).rejects.toMatchObject({
        code: 'size',
        message: expect.stringContaining(String(length)),
        cause: expect.objectContaining({ name: 'WireError', code: 'length' }),
      });
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MAX_FRAME_LENGTH / 2);
      await gone;
    },
  );

  it('costs what it sends, not what it announces', async () => {
    const listener = await listen();
    const { host, port } = parseAddress(listener.address);
    const before = process.memoryUsage().arrayBuffers;
    const connections: Connection[] = [];
    for (let i = 0; i < 50; i++) {
      const socket = connect({ host, port });
      socket.on('error', () => {});
      closers.push(() => socket.destroy());
      socket.write(Buffer.concat([encodeFrame(bytes(1)), u32(MAX_FRAME_LENGTH), bytes(1)]));
      const connection = await next(listener);
      expect(await next(connection)).toEqual(bytes(1));
      void next(connection).catch(() => {});
      connections.push(connection);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MAX_FRAME_LENGTH);
    for (const connection of connections) connection.abort(new Error('done'));
  });

  it('may send little before it has said who it is, if so configured', async () => {
    const options = { maxFirstFrameLength: 256 };
    const [stranger, socket] = await rawPeer(options);
    socket.write(u32(257));
    await expect(next(stranger)).rejects.toMatchObject({ code: 'size' });
    const [near, far] = await pair(options, options);
    near.send(new Uint8Array(256));
    near.send(new Uint8Array(257));
    expect([(await next(far)).length, (await next(far)).length]).toEqual([256, 257]);
    far.send(new Uint8Array(300)); // whoever dialled knows whom
    expect((await next(near)).length).toBe(300);
  });
});

describe('dial', () => {
  it('gives up when the signal fires, before and during', async () => {
    const { address } = await listen();
    const transport = createTcpTransport();
    const fired = AbortSignal.abort(new Error('early'));
    await expect(transport.dial(address, { signal: fired })).rejects.toMatchObject({
      code: 'aborted',
      cause: expect.objectContaining({ message: 'early' }),
    });
    const controller = new AbortController();
    const dialling = transport.dial(address, { signal: controller.signal });
    controller.abort(new Error('late'));
    await expect(dialling).rejects.toMatchObject({ code: 'aborted' });
  });

  it('is not undone by a signal that fires afterwards', async () => {
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

  it('gives up on a host that does not answer, by time-out and by signal', async () => {
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
    const dialling = createTcpTransport().dial(address, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 20);
    await expect(dialling).rejects.toMatchObject({
      code: 'aborted',
      cause: expect.objectContaining({ message: 'enough' }),
    });
  });
});

describe('a listener', () => {
  it('refuses connections over its cap and takes new ones when there is room', async () => {
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

  it('ends its loops when closed, breaks off who waits, and leaves the others', async () => {
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
  it('go to their own listeners; unknown ones are broken off', async () => {
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

  it('break off who sends the name of one too slowly, and serve others meanwhile', async () => {
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
