import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Hash64 } from './hash64.ts';

function hashOf(...pieces: Uint8Array[]): bigint {
  const hash = new Hash64();
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
}

describe('Hash64', () => {
  it('is XXH64 with seed 0', () => {
    expect(hashOf(new TextEncoder().encode('abc'))).toBe(0x44bc2cf5ad770999n);
    expect(hashOf()).toBe(0xef46db3751d8e999n);
  });

  it('does not depend on how the input is cut', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(fc.nat(200), { maxLength: 6 }),
        (bytes, cuts) => {
          const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b)];
          const pieces = at.map((from, i) => bytes.subarray(from, at[i + 1] ?? bytes.length));
          expect(hashOf(...pieces)).toBe(hashOf(bytes));
        },
      ),
    );
  });

  it('does not depend on how much comes at once', () => {
    const bytes = Uint8Array.from({ length: 1_000_001 }, (_, i) => (i * 31) ^ (i >> 8));
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += 1000) pieces.push(bytes.subarray(at, at + 1000));
    expect(hashOf(bytes)).toBe(hashOf(...pieces));
    expect(hashOf(bytes.subarray(0, 3), bytes.subarray(3))).toBe(hashOf(bytes));
  });

  it('continues after a digest, whatever other hashes do in between', () => {
    const first = new Hash64();
    const second = new Hash64();
    for (const byte of new TextEncoder().encode('abc')) {
      first.update(Uint8Array.of(byte));
      second.update(new Uint8Array(50));
      first.digest();
    }
    expect(first.digest()).toBe(0x44bc2cf5ad770999n);
    expect(second.digest()).toBe(hashOf(new Uint8Array(150)));
  });

  it('differs for inputs that differ in one bit', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 80 }),
        fc.nat(),
        fc.nat(7),
        (bytes, position, bit) => {
          const other = bytes.slice();
          other[position % bytes.length]! ^= 1 << bit;
          expect(hashOf(other)).not.toBe(hashOf(bytes));
        },
      ),
    );
  });
});
