import fc from 'fast-check';

export const u64: fc.Arbitrary<bigint> = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });

/** A valid name of a node. */
export const nodeName: fc.Arbitrary<string> = fc
  .string({ minLength: 1, maxLength: 16, unit: 'grapheme' })
  .filter((text) => {
    const { length } = new TextEncoder().encode(text);
    return length >= 1 && length <= 64;
  });

/** The bytes cut off, extended, or with one byte changed. */
export const damaged = (bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> =>
  fc.tuple(bytes, fc.nat(), fc.nat({ max: 255 }), fc.nat({ max: 2 })).map(([all, at, by, how]) => {
    if (how === 0) return all.slice(0, at % (all.length + 1));
    if (how === 1) return Uint8Array.of(...all, by);
    const copy = all.slice();
    copy[at % copy.length]! ^= by;
    return copy;
  });

export function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
