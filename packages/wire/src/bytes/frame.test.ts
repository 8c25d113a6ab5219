import { describe, expect, it } from 'vitest';
import { wireErrorOf } from '../../test/wire-error.test-helper.ts';
import { encodeFrame, MAX_FRAME_LENGTH, writeFrameHeader } from './frame.ts';

describe('encodeFrame', () => {
  it('puts the length before the payload, little-endian', () => {
    expect([...encodeFrame(Uint8Array.of(7, 8, 9))]).toEqual([3, 0, 0, 0, 7, 8, 9]);
    expect([...encodeFrame(new Uint8Array(0x010203)).subarray(0, 5)]).toEqual([3, 2, 1, 0, 0]);
    expect([...encodeFrame(new Uint8Array(0))]).toEqual([0, 0, 0, 0]);
  });

  it('refuses a payload over the limit', () => {
    expect(wireErrorOf(() => encodeFrame(new Uint8Array(11), 10)).code).toBe('length');
    expect(wireErrorOf(() => encodeFrame(new Uint8Array(MAX_FRAME_LENGTH + 1))).code).toBe(
      'length',
    );
  });
});

describe('writeFrameHeader', () => {
  it('writes at the offset and nothing else', () => {
    const bytes = new Uint8Array(8).fill(0xee);
    writeFrameHeader(bytes, 2, 0x03fffffe);
    expect([...bytes]).toEqual([0xee, 0xee, 0xfe, 0xff, 0xff, 0x03, 0xee, 0xee]);
  });

  it('refuses an invalid length or a buffer that is too short, and writes nothing', () => {
    const bytes = new Uint8Array(8);
    for (const length of [-1, 1.5, Number.NaN, MAX_FRAME_LENGTH + 1]) {
      expect(wireErrorOf(() => writeFrameHeader(bytes, 0, length)).code).toBe('length');
    }
    for (const offset of [5, -1, Number.NaN]) {
      expect(wireErrorOf(() => writeFrameHeader(bytes, offset, 1)).code).toBe('capacity');
    }
    expect([...bytes]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });
});
