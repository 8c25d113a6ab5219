import { readFileSync } from 'node:fs';
import { crc32 } from '@shoal/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../test/vectors.test-helper.ts';
import { lzwCompress } from './compress.ts';
import { lzwDecompress } from './decompress.ts';

interface GoVector {
  readonly kind: 'random' | 'sparse' | 'letters' | 'constant';
  readonly size: number;
  /** Of what Go wrote, with its CRC-32, and the bytes if they are few. */
  readonly length: number;
  readonly crc32: number;
  readonly hex?: string;
}

const url = new URL('../../vectors/go-lzw.json', import.meta.url);
const vectors = JSON.parse(readFileSync(url, 'utf8')) as GoVector[];

/** The input that vectors/go-lzw.go makes. */
function inputOf({ kind, size }: GoVector): Uint8Array {
  let state = size;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    if (kind === 'random') return state >>> 24;
    if (kind === 'sparse') return state >>> 28 === 0 ? (state >>> 20) & 7 : 0;
    return kind === 'letters' ? 0x61 + ((state >>> 24) % 4) : 0x78;
  });
}

describe('lzwCompress', () => {
  it.each(vectors)('writes what Go writes: $size bytes, $kind', (vector) => {
    const input = inputOf(vector);
    const compressed = lzwCompress(input);
    expect(compressed.length).toBe(vector.length);
    expect(crc32(compressed)).toBe(vector.crc32);
    if (vector.hex !== undefined) expect(toHex(compressed)).toBe(vector.hex);
    expect(Buffer.compare(lzwDecompress(compressed, input.length), input)).toBe(0);
  });

  it('round-trips anything', () => {
    const few = fc.array(fc.nat(3), { maxLength: 5000, size: 'max' });
    const inputs = fc.oneof(
      fc.uint8Array({ maxLength: 3000 }),
      few.map((each) => Uint8Array.from(each)),
    );
    fc.assert(
      fc.property(inputs, (input) => {
        const output = lzwDecompress(lzwCompress(input), input.length);
        expect(Buffer.compare(output, input)).toBe(0);
      }),
    );
  });
});
