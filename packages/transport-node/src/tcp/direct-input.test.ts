import { encodeFrame, FrameDecoder } from '@shoal/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DirectInput } from './direct-input.ts';

/** What a socket does: asks for a buffer, reads into it, and hands it over. */
function read(input: DirectInput, bytes: Uint8Array): number {
  const { buffer, callback } = input.onread;
  const target = (buffer as () => Uint8Array)();
  const count = Math.min(bytes.length, target.length);
  target.set(bytes.subarray(0, count));
  expect(callback(count, target)).toBe(true);
  return count;
}

describe('DirectInput', () => {
  it('yields the frames however they are cut, and never overwrites one', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 300_000 }), { maxLength: 5 });
    const sizes = fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(lengths, sizes, (sent, cuts) => {
        const frames = sent.map((length, i) => encodeFrame(new Uint8Array(length).fill(i + 1)));
        const stream = Buffer.concat(frames);
        const input = new DirectInput();
        const decoder = new FrameDecoder();
        const got: Uint8Array[] = [];
        let calls = 0;
        input.feed(decoder, () => {
          calls++;
          for (let frame = decoder.next(); frame; frame = decoder.next()) got.push(frame);
        });
        let reads = 0;
        for (let at = 0; at < stream.length; reads++) {
          at += read(input, stream.subarray(at, at + cuts[reads % cuts.length]!));
        }
        expect(calls).toBe(reads);
        const again = Buffer.concat(got.map((frame) => encodeFrame(frame)));
        expect(again.equals(stream)).toBe(true);
      }),
    );
  });

  it('reads the rest of a large frame into its own memory', () => {
    const input = new DirectInput();
    const decoder = new FrameDecoder();
    input.feed(decoder, () => {});
    const frame = encodeFrame(new Uint8Array(262_144).fill(3));
    const start = read(input, frame);
    const target = (input.onread.buffer as () => Uint8Array)();
    expect([start, target.length]).toEqual([65_536, frame.length - 65_536]);
    target.set(frame.subarray(start));
    input.onread.callback(target.length, target);
    expect(decoder.next()!.buffer).toBe(target.buffer);
  });

  it('drops what comes after stop', () => {
    const input = new DirectInput();
    const decoder = new FrameDecoder();
    input.feed(decoder, () => expect.unreachable('it was stopped'));
    input.stop();
    read(input, encodeFrame(Uint8Array.of(1)));
    expect(decoder.buffered).toBe(0);
  });
});
