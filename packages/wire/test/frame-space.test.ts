import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, FRAME_HEADER_LENGTH, writeFrameHeader } from '../src/bytes/frame.ts';
import { FrameDecoder } from '../src/bytes/frame-decoder.ts';
import { WireError } from '../src/errors.ts';

const LONGEST = 200_000;

/** Frames whose bytes depend on their place. */
function streamOf(lengths: readonly number[]): Uint8Array {
  const frames = lengths.map((length) => {
    return encodeFrame(Uint8Array.from({ length }, (_, i) => i ^ (i >>> 8) ^ length));
  });
  const stream = new Uint8Array(frames.reduce((sum, { length }) => sum + length, 0));
  frames.reduce((at, frame) => {
    stream.set(frame, at);
    return at + frame.length;
  }, 0);
  return stream;
}

/** A decoder with the first `arrived` bytes of a frame that announces `length`. */
function partOf(length: number, arrived: number, maxLength?: number): FrameDecoder {
  const decoder = new FrameDecoder(maxLength === undefined ? {} : { maxLength });
  const start = new Uint8Array(FRAME_HEADER_LENGTH + arrived);
  writeFrameHeader(start, 0, length, length);
  decoder.push(start);
  return decoder;
}

describe('the space of a FrameDecoder', () => {
  it('makes no difference to the frames, in chunks of any size', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: LONGEST }), { maxLength: 6 });
    const steps = fc.array(
      fc.record({
        size: fc.integer({ min: 1, max: 70_000 }),
        intoSpace: fc.boolean(),
        drained: fc.boolean(),
      }),
      { minLength: 1, maxLength: 40 },
    );
    let filled = 0;
    fc.assert(
      fc.property(lengths, steps, (sent, how) => {
        const stream = streamOf(sent);
        const decoder = new FrameDecoder();
        const got: Uint8Array[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const { size, intoSpace, drained } = how[i % how.length]!;
          const space = intoSpace ? decoder.space() : undefined;
          const bytes = stream.slice(at, at + Math.min(size, space?.length ?? size));
          at += bytes.length;
          if (space) {
            space.set(bytes);
            decoder.fill(bytes.length);
            filled++;
          } else decoder.push(bytes);
          const taken = got.reduce((sum, { length }) => sum + FRAME_HEADER_LENGTH + length, 0);
          expect(decoder.buffered).toBe(at - taken);
          while (drained && decoder.ready) got.push(decoder.next()!);
        }
        for (let frame = decoder.next(); frame; frame = decoder.next()) got.push(frame);
        decoder.finish();
        const again = Buffer.concat(got.map((frame) => encodeFrame(frame)));
        expect(again.equals(stream)).toBe(true);
      }),
    );
    expect(filled).toBeGreaterThan(0);
  });

  it('exists for a frame of up to 1 MiB of which a 16th has arrived and 16 KiB are missing', () => {
    expect(new FrameDecoder().space()).toBeUndefined();
    expect(partOf(1 << 20, (1 << 16) - 1).space()).toBeUndefined();
    expect(partOf(1 << 20, 1 << 16).space()).toHaveLength((1 << 20) - (1 << 16));
    expect(partOf((1 << 20) + 1, 1 << 19).space()).toBeUndefined();
    expect(partOf(40_000, 40_000 - 16_383).space()).toBeUndefined();
    expect(partOf(40_000, 40_000 - 16_384).space()).toHaveLength(16_384);
    expect(partOf(40_000, 20_000, 39_999).space()).toBeUndefined();
  });

  it('is the memory of the frame, and undefined once that is full', () => {
    const decoder = partOf(40_000, 10_000);
    const space = decoder.space()!;
    space.fill(7);
    decoder.fill(29_999);
    expect(decoder.next()).toBeUndefined();
    expect(decoder.space()).toHaveLength(1);
    decoder.fill(1);
    expect(decoder.space()).toBeUndefined();
    decoder.push(encodeFrame(Uint8Array.of(1)));
    const frame = decoder.next()!;
    expect(frame.buffer).toBe(space.buffer);
    expect([frame.length, frame[9999], frame[10_000], frame[39_999]]).toEqual([40_000, 0, 7, 7]);
    expect(decoder.next()).toEqual(Uint8Array.of(1));
  });

  it('cannot be filled beyond its end, or when it is undefined', () => {
    const decoder = partOf(40_000, 10_000);
    expect(() => decoder.fill(1)).toThrow(WireError);
    decoder.space();
    for (const count of [30_001, -1, 0.5, Number.NaN]) {
      expect(() => decoder.fill(count)).toThrow(/a count of 0..30000/);
    }
    decoder.fill(30_000);
    expect(decoder.next()).toHaveLength(40_000);
  });

  it('is dropped when the decoder is cleared', () => {
    const decoder = partOf(40_000, 10_000);
    decoder.space();
    decoder.clear();
    expect(() => decoder.fill(1)).toThrow(WireError);
    decoder.push(encodeFrame(Uint8Array.of(1, 2)));
    expect(decoder.next()).toEqual(Uint8Array.of(1, 2));
  });
});
