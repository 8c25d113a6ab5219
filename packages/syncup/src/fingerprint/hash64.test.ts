import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChainedFingerprint, NoxuFingerprint } from './fingerprint.ts';
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

  it('goes on after a digest, whatever others hash meanwhile', () => {
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
  const entry = fc.record({ type: fc.nat(255), payload: fc.uint8Array({ maxLength: 50 }) });

  function encoded({ type, payload }: { type: number; payload: Uint8Array }): number[] {
    const header = new DataView(new ArrayBuffer(4));
    header.setUint32(0, payload.length, true);
    return [type, ...new Uint8Array(header.buffer), ...payload];
  }

  it('chains: the hash of the encoded entry, seeded with the one before', () => {
    fc.assert(
      fc.property(entry, (first) => {
        const chain = new ChainedFingerprint();
        chain.next(first.type, first.payload);
        const hash = hashOf(Uint8Array.from(encoded(first)));
        expect((BigInt(chain.high) << 32n) | BigInt(chain.low)).toBe(hash);
        const { low, high } = chain;
        chain.next(first.type, first.payload);
        expect([chain.low, chain.high]).not.toEqual([low, high]);
      }),
    );
  });

  it('are the same for entries at once as one by one', () => {
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 20 }), (entries) => {
        const bytes = Uint8Array.from(entries.flatMap(encoded));
        expect(manyAt(entries, bytes)).toEqual(oneByOne(entries));
      }),
    );
    // Over what the hash has room for: in bytes, and in entries.
    const big = [1, 2].map((type) => ({ type, payload: new Uint8Array(700_001).fill(type) }));
    expect(manyAt(big, Uint8Array.from(big.flatMap(encoded)))).toEqual(oneByOne(big));
    const short = Array.from({ length: 5000 }, (_, i) => ({
      type: i & 255,
      payload: new Uint8Array(i % 3),
    }));
    expect(manyAt(short, Uint8Array.from(short.flatMap(encoded)))).toEqual(oneByOne(short));
  });

  type Entries = readonly { readonly type: number; readonly payload: Uint8Array }[];

  function manyAt(entries: Entries, bytes: Uint8Array): Uint32Array {
    const chain = new ChainedFingerprint();
    chain.low = 7;
    const hashes = chain.all(bytes, entries.length)!;
    expect([chain.low, chain.high]).toEqual([...hashes.subarray(-2)]);
    for (const [piece, count] of [
      [bytes, entries.length + 1],
      [bytes, entries.length - 1],
      [bytes, 0xffff_ffff],
      [bytes.subarray(0, -1), entries.length],
    ] as const) {
      expect(new ChainedFingerprint().all(piece, count)).toBeUndefined();
    }
    return hashes;
  }

  function oneByOne(entries: Entries): Uint32Array {
    const hashes = [7, 0];
    const chain = new ChainedFingerprint();
    chain.low = 7;
    for (const { type, payload } of entries) {
      chain.next(type, payload);
      hashes.push(chain.low, chain.high);
    }
    return Uint32Array.from(hashes);
  }

  it("is the payload's crc32 xor the type for Noxu", () => {
    const noxu = new NoxuFingerprint();
    noxu.next(30, new TextEncoder().encode('123456789'));
    expect(noxu.low).toBe((0xcbf43926 ^ 30) >>> 0);
    expect(noxu.high).toBe(0);
  });
});
