import { once } from 'node:events';
import { connect } from 'node:net';
import { type Connection, parseAddress } from '@shoal/transport';
import { encodeFrame, MAX_FRAME_LENGTH } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import {
  all,
  bytes,
  closers,
  listen,
  next,
  pair,
  rawPeer,
  u32,
} from '../src/tcp/tcp.test-helper.ts';
import { createTcpTransport } from '../src/tcp/tcp-transport.ts';

describe('the end of a connection', () => {
  it('comes after everything sent before close', async () => {
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

  it('does not wait forever for a peer that neither reads nor ends', async () => {
    const [near] = await pair({ closeTimeout: 50 });
    while (near.send(new Uint8Array(1 << 20)));
    await near.close();
  });

  it('leaves the other direction open until it ends too', async () => {
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

  it('is reported to both sides when one aborts', async () => {
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

  it('drops unread frames when this side aborts', async () => {
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
    'that announces %d bytes is reset at once',
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

  it('is limited by maxFirstFrameLength before it has identified itself', async () => {
    const options = { maxFirstFrameLength: 256 };
    const [stranger, socket] = await rawPeer(options);
    socket.write(u32(257));
    await expect(next(stranger)).rejects.toMatchObject({ code: 'size' });
    const [near, far] = await pair(options, options);
    near.send(new Uint8Array(256));
    near.send(new Uint8Array(257));
    expect([(await next(far)).length, (await next(far)).length]).toEqual([256, 257]);
    far.send(new Uint8Array(300)); // the dialing side knows its peer
    expect((await next(near)).length).toBe(300);
  });
});
