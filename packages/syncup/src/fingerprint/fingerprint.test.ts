import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChainedFingerprint, NoxuFingerprint } from './fingerprint.ts';
import { Hash64 } from './hash64.ts';

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
        const hash = new Hash64();
        hash.update(Uint8Array.from(encoded(first)));
        expect(chain.value).toBe(hash.digest());
        const { low, high } = chain;
        chain.next(first.type, first.payload);
        expect([chain.low, chain.high]).not.toEqual([low, high]);
      }),
    );
  });

  it('are the same for entries together as one by one', () => {
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

  it('continue from a value that was set', () => {
    const chain = new ChainedFingerprint();
    chain.next(1, Uint8Array.of(7));
    const other = new ChainedFingerprint();
    other.value = chain.value;
    expect([other.low, other.high]).toEqual([chain.low, chain.high]);
  });

  it("is the payload's crc32 xor the type for Noxu", () => {
    const noxu = new NoxuFingerprint();
    noxu.next(30, new TextEncoder().encode('123456789'));
    expect(noxu.low).toBe((0xcbf43926 ^ 30) >>> 0);
    expect(noxu.high).toBe(0);
  });
});
