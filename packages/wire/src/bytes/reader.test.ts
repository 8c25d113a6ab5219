import { describe, expect, it } from 'vitest';
import { wireErrorOf } from '../../test/wire-error.test-helper.ts';
import { readU32le, readU64le } from './little-endian.ts';
import { ByteReader } from './reader.ts';

describe('ByteReader', () => {
  it('keeps a byte order mark, and refuses invalid UTF-8 of any length', () => {
    const bom = Uint8Array.of(0xef, 0xbb, 0xbf, 0x41);
    expect(new ByteReader(bom).text(4)).toBe('\ufeffA');
    for (const length of [1, 24, 25, 100]) {
      const bytes = new Uint8Array(length).fill(0x41);
      bytes[length - 1] = 0xc3;
      expect(wireErrorOf(() => new ByteReader(bytes).text(length)).code).toBe('utf8');
    }
  });

  it('never reads past the end, and reports where and what was expected', () => {
    const reader = new ByteReader(Uint8Array.of(1, 2, 3));
    reader.u8();
    expect(wireErrorOf(() => readU32le(reader))).toMatchObject({
      code: 'truncated',
      offset: 1,
      expected: '4 more bytes',
      message: 'truncated at byte 1: expected 4 more bytes',
    });
    expect(wireErrorOf(() => readU64le(reader)).code).toBe('truncated');
    expect(reader.remaining).toBe(2);
    expect(wireErrorOf(() => reader.finish())).toMatchObject({ code: 'trailing', offset: 1 });
  });
});
