import { encodeFrame, MAX_FRAME_LENGTH } from '@shoal/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { all, bytes, next, pair, rawPeer, u32 } from '../src/tcp/tcp.test-helper.ts';

describe('frames', () => {
  it('of all sizes arrive unchanged, in both directions', async () => {
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

  it('arrive whole from a peer that writes single bytes', async () => {
    const [connection, socket] = await rawPeer();
    const reading = all(connection);
    const stream = Buffer.concat([bytes(1, 2, 3), bytes(), bytes(4)].map((f) => encodeFrame(f)));
    for (const byte of stream) await new Promise((done) => socket.write(bytes(byte), done));
    socket.end();
    expect(await reading).toEqual([bytes(1, 2, 3), bytes(), bytes(4)]);
  });
});

describe('back-pressure', () => {
  it.each([
    ['was dialed', false],
    ['dialed', true],
  ])(
    'stop a sender while the side that %s does not read, and continue when it does',
    async (_, turned) => {
      const ends = await pair();
      const [near, far] = turned ? [ends[1], ends[0]] : ends;
      const frame = new Uint8Array(65_536);
      let sent = 0;
      while (near.send(frame)) sent++;
      const room = near.ready();
      let ready = false;
      void room.then(() => {
        ready = true;
      });
      // The system takes some megabytes: send until it takes nothing for many turns.
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
    },
  );

  it('reads no more than its mark from a peer whose frames nobody reads', async () => {
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

  it('aborts past the hard cap, and rejects all pending calls', async () => {
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

  it('lets a signal cancel one wait for room', async () => {
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
