import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../test/wire-error.test-helper.ts';
import { lzwCompress } from './compress.ts';
import { lzwDecompress } from './decompress.ts';

/** Packs codes, each with its number of bits. */
function packed(codes: readonly (readonly [code: number, width: number])[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(codes.reduce((sum, [, width]) => sum + width, 0) / 8));
  let bit = 0;
  for (const [code, width] of codes) {
    for (let i = 0; i < width; i++, bit++) {
      bytes[bit >> 3]! |= ((code >> i) & 1) << (bit & 7);
    }
  }
  return bytes;
}

/** The width of the code at this place after a clear code, when there is no other clear code. */
function widthAt(index: number): number {
  return Math.min(12, Math.max(9, Math.ceil(Math.log2(258 + index))));
}

describe('lzwDecompress', () => {
  it('reads data without a clear code at its start', () => {
    expect(
      lzwDecompress(
        packed([
          [0x61, 9],
          [0x62, 9],
          [257, 9],
        ]),
        10,
      ),
    ).toEqual(Uint8Array.of(0x61, 0x62));
  });

  it('reads a code that its own pair defines', () => {
    const codes = packed([
      [0x61, 9],
      [258, 9],
      [259, 9],
      [257, 9],
    ]);
    expect(lzwDecompress(codes, 10)).toEqual(new Uint8Array(6).fill(0x61));
  });

  it('goes on with a full table when no clear code comes', () => {
    // Each code but the first one enters a pair, until all 4,096 are entered.
    const codes: [number, number][] = [];
    for (let i = 0; i < 5000; i++) codes.push([i % 256, widthAt(i)]);
    codes.push([4095, 12], [257, 12]);
    const output = lzwDecompress(packed(codes), 10_000);
    const expected = Uint8Array.from({ length: 5000 }, (_, i) => i);
    expect(Buffer.compare(output.subarray(0, 5000), expected)).toBe(0);
    // Pair 4095 is that of the 3,838th byte and the one before.
    expect([...output.subarray(5000)]).toEqual([3837 % 256, 3838 % 256]);
  });

  it('ignores what follows the end code', () => {
    const input = Uint8Array.of(1, 2, 3);
    expect(lzwDecompress(Uint8Array.of(...lzwCompress(input), 9, 9), 3)).toEqual(input);
  });

  it('refuses more bytes than allowed, without reserving them', () => {
    const bomb = lzwCompress(new Uint8Array(1_000_000));
    expect(bomb.length).toBeLessThan(2500);
    expect(codeOf(() => lzwDecompress(bomb, 999_999))).toBe('length');
    expect(lzwDecompress(bomb, 1_000_000)).toHaveLength(1_000_000);
    expect(codeOf(() => lzwDecompress(lzwCompress(Uint8Array.of(1)), 0))).toBe('length');
  });

  it('refuses codes that are not assigned, and data without an end', () => {
    expect(codeOf(() => lzwDecompress(packed([[258, 9]]), 10))).toBe('range');
    expect(
      codeOf(() =>
        lzwDecompress(
          packed([
            [0x61, 9],
            [259, 9],
          ]),
          10,
        ),
      ),
    ).toBe('range');
    expect(codeOf(() => lzwDecompress(new Uint8Array(0), 10))).toBe('truncated');
    expect(
      codeOf(() =>
        lzwDecompress(
          packed([
            [256, 9],
            [0x61, 9],
          ]),
          10,
        ),
      ),
    ).toBe('truncated');
  });

  it('returns bytes or throws a WireError, whatever the input', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (input) => {
        const code = codeOf(() => expect(lzwDecompress(input, 5000).length).toBeLessThan(5001));
        expect([undefined, 'range', 'truncated', 'length']).toContain(code);
      }),
      { numRuns: 500 },
    );
  });
});
