import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChainedFingerprint, NoxuFingerprint } from './fingerprint.ts';
import { Hash64 } from './hash64.ts';

function hashOf(...pieces: Uint8Array[]): string {
  const hash = new Hash64();
  for (const piece of pieces) hash.update(piece);
  hash.finish();
  const hex = (word: number): string => word.toString(16).padStart(8, '0');
  return hex(hash.low) + hex(hash.high);
}

describe('Hash64', () => {
  it('is the first half of MurmurHash3_x86_128', () => {
    const text = 'The quick brown fox jumps over the lazy dog';
    // All of it is 2f1583c3 ecee2c67 5d7bf66c e5e91d2c, word by word.
    expect(hashOf(new TextEncoder().encode(text))).toBe('2f1583c3ecee2c67');
    expect(hashOf()).toBe('0000000000000000');
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

  it('tells inputs apart that differ in one bit, and starts anew after reset', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 80 }),
        fc.nat(),
        fc.nat(7),
        (bytes, position, bit) => {
          const other = bytes.slice();
          other[position % bytes.length]! ^= 1 << bit;
          expect(hashOf(other)).not.toBe(hashOf(bytes));
          const hash = new Hash64();
          hash.update(other);
          hash.reset();
          hash.update(bytes);
          const again = new Hash64();
          again.update(bytes);
          expect(hash.digest()).toBe(again.digest());
        },
      ),
    );
  });
});

describe('fingerprints', () => {
  it('chains: the hash of header and payload', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.uint8Array({ maxLength: 50 }), (type, payload) => {
        const chain = new ChainedFingerprint();
        chain.next(9, payload);
        const header = new DataView(new ArrayBuffer(16));
        header.setUint32(0, chain.low, true);
        header.setUint32(4, chain.high, true);
        header.setUint32(8, payload.length, true);
        header.setUint32(12, type, true);
        const expected = new Hash64();
        expected.update(new Uint8Array([...new Uint8Array(header.buffer), ...payload]));
        chain.next(type, payload);
        expected.finish();
        expect([chain.low, chain.high]).toEqual([expected.low, expected.high]);
      }),
    );
  });

  it("is the payload's crc32 xor the type for Noxu", () => {
    const noxu = new NoxuFingerprint();
    noxu.next(30, new TextEncoder().encode('123456789'));
    expect(noxu.low).toBe((0xcbf43926 ^ 30) >>> 0);
    expect(noxu.high).toBe(0);
  });
});
