import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wireErrorOf } from '../../test/wire-error.test-helper.ts';
import { encodeFrame, FRAME_HEADER_LENGTH, MAX_FRAME_LENGTH } from './frame.ts';
import { FrameDecoder } from './frame-decoder.ts';

const payloads = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.uint8Array({ maxLength: 40 }) },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 1000, maxLength: 6000, size: 'max' }) },
  ),
  { maxLength: 12 },
);

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function header(length: number): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_LENGTH);
  new DataView(bytes.buffer).setUint32(0, length, true);
  return bytes;
}

function drain(decoder: FrameDecoder): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let frame = decoder.next(); frame; frame = decoder.next()) frames.push(frame);
  return frames;
}

describe('FrameDecoder', () => {
  it('yields the frames of a stream in chunks of any size, whenever it is drained', () => {
    const cuts = fc.array(fc.tuple(fc.integer({ min: 1, max: 3000 }), fc.boolean()), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(payloads, cuts, (sent, sizes) => {
        const stream = concat(sent.map((payload) => encodeFrame(payload)));
        const decoder = new FrameDecoder();
        const got: Uint8Array[] = [];
        let taken = 0;
        let at = 0;
        for (let i = 0; at < stream.length; i++) {
          const [size, drainNow] = sizes[i % sizes.length]!;
          // Each chunk has its own buffer, as from a socket.
          decoder.push(stream.slice(at, at + size));
          at = Math.min(at + size, stream.length);
          expect(decoder.buffered).toBe(at - taken);
          if (!drainNow) continue;
          while (decoder.ready) {
            const frame = decoder.next()!;
            taken += FRAME_HEADER_LENGTH + frame.length;
            got.push(frame);
          }
          expect(decoder.next()).toBeUndefined();
        }
        got.push(...drain(decoder));
        expect(decoder.buffered).toBe(0);
        decoder.finish();
        // Compared at the end: no frame may have been overwritten by a later one.
        expect(got.map((frame) => [...frame])).toEqual(sent.map((frame) => [...frame]));
      }),
    );
  });

  it('yields them from one-byte chunks', () => {
    fc.assert(
      fc.property(payloads, (sent) => {
        const decoder = new FrameDecoder();
        const got: Uint8Array[] = [];
        for (const byte of concat(sent.map((payload) => encodeFrame(payload)))) {
          decoder.push(Uint8Array.of(byte));
          const frame = decoder.next();
          if (frame) got.push(frame);
        }
        expect(got.map((frame) => [...frame])).toEqual(sent.map((frame) => [...frame]));
      }),
      { numRuns: 30 },
    );
  });

  it('refuses exactly the lengths over its limit, with the place of the frame', () => {
    fc.assert(
      fc.property(
        payloads,
        fc.integer({ min: 0, max: 0xffff_ffff }),
        fc.integer({ min: 0, max: 0xffff_ffff }),
        (before, length, maxLength) => {
          const good = concat(before.map((payload) => encodeFrame(payload)));
          const decoder = new FrameDecoder();
          decoder.push(good);
          expect(drain(decoder)).toHaveLength(before.length);
          decoder.maxLength = maxLength;
          decoder.push(header(length));
          if (length <= maxLength) {
            expect(decoder.next()?.length).toBe(length === 0 ? 0 : undefined);
            return;
          }
          expect(decoder.ready).toBe(true);
          for (const _ of [1, 2]) {
            const error = wireErrorOf(() => decoder.next());
            expect([error.code, error.offset]).toEqual(['length', good.length]);
          }
        },
      ),
    );
  });

  it('yields every frame before one that is too long', () => {
    const decoder = new FrameDecoder();
    decoder.push(concat([encodeFrame(Uint8Array.of(1)), header(MAX_FRAME_LENGTH + 1)]));
    expect(decoder.next()).toEqual(Uint8Array.of(1));
    expect(wireErrorOf(() => decoder.next()).code).toBe('length');
  });

  it('does not copy a payload that lies within one chunk', () => {
    const chunk = concat([encodeFrame(Uint8Array.of(1, 2)), encodeFrame(Uint8Array.of(3))]);
    const decoder = new FrameDecoder();
    decoder.push(chunk);
    const frames = drain(decoder);
    expect(frames.map((frame) => frame.buffer === chunk.buffer)).toEqual([true, true]);
    expect(frames.map((frame) => frame.byteOffset)).toEqual([4, 10]);
  });

  it('yields plain Uint8Arrays for Node Buffers', () => {
    const decoder = new FrameDecoder();
    decoder.push(Buffer.from(encodeFrame(Uint8Array.of(1, 2))));
    expect(decoder.next()!.constructor).toBe(Uint8Array);
  });

  it('holds what arrived, not what was announced', () => {
    const before = process.memoryUsage().arrayBuffers;
    const decoders = Array.from({ length: 64 }, () => {
      const decoder = new FrameDecoder();
      decoder.push(header(MAX_FRAME_LENGTH));
      decoder.push(Uint8Array.of(1));
      expect(decoder.next()).toBeUndefined();
      return decoder;
    });
    // Had the announced lengths been allocated, this would be 4 GiB.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
    expect(decoders.map((decoder) => decoder.buffered)).toEqual(decoders.map(() => 5));
  });

  it('gathers tiny chunks instead of keeping each', () => {
    const size = 1 << 20;
    const decoder = new FrameDecoder();
    decoder.push(header(size));
    const before = process.memoryUsage().arrayBuffers;
    const bytes = Uint8Array.of(1, 2, 3, 4);
    for (let i = 0; i < size; i += 4) decoder.push(bytes);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * size);
    const frame = decoder.next()!;
    expect(frame.length).toBe(size);
    expect(frame.every((byte, i) => byte === (i & 3) + 1)).toBe(true);
  });

  it('starts over when cleared', () => {
    const decoder = new FrameDecoder();
    decoder.push(concat([encodeFrame(Uint8Array.of(1)), Uint8Array.of(9, 0)]));
    decoder.push(Uint8Array.of(0, 0, 1));
    decoder.clear();
    expect([decoder.buffered, decoder.ready, decoder.next()]).toEqual([0, false, undefined]);
    decoder.push(Uint8Array.of(1, 0));
    decoder.push(Uint8Array.of(0, 0, 7));
    expect(decoder.next()).toEqual(Uint8Array.of(7));
  });

  it('reports at the end of the stream whether a frame is incomplete', () => {
    const decoder = new FrameDecoder();
    decoder.finish();
    decoder.push(encodeFrame(Uint8Array.of(1, 2)));
    decoder.push(Uint8Array.of(5, 0, 0));
    decoder.next();
    const error = wireErrorOf(() => decoder.finish());
    expect([error.code, error.offset]).toEqual(['truncated', 9]);
  });

  it('refuses a limit that is not a u32', () => {
    for (const maxLength of [-1, 1.5, 2 ** 32, Number.NaN]) {
      expect(wireErrorOf(() => new FrameDecoder({ maxLength })).code).toBe('range');
    }
  });
});
