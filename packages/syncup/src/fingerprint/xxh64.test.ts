import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Xxh64 } from './xxh64.ts';
import { xxh64Js } from './xxh64-js.ts';
import { xxh64Wasm } from './xxh64-wasm.ts';

const both = [new Xxh64(xxh64Wasm()!), new Xxh64(xxh64Js())] as const;

function encoded(entries: readonly (readonly [number, Uint8Array])[]): Uint8Array {
  const parts = entries.map(([type, payload]) => {
    const bytes = new Uint8Array(5 + payload.length);
    bytes[0] = type;
    new DataView(bytes.buffer).setUint32(1, payload.length, true);
    bytes.set(payload, 5);
    return [...bytes];
  });
  return Uint8Array.from(parts.flat());
}

describe.each([
  ['WebAssembly', both[0]],
  ['JavaScript', both[1]],
])('entries hashed by %s', (_, hash) => {
  it('have the same hashes together as one by one', () => {
    const entries = fc.array(fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 100 })), {
      minLength: 1,
      maxLength: 10,
    });
    fc.assert(
      fc.property(entries, fc.nat(), fc.nat(), (list, low, high) => {
        const one = { low, high };
        const expected = [low, high];
        for (const [type, payload] of list) {
          hash.hashEntry(one, type, payload);
          expected.push(one.low, one.high);
        }
        const seed = { low, high };
        expect([...hash.chain(seed, encoded(list), list.length)!]).toEqual(expected);
        expect(seed).toEqual(one);
      }),
    );
  });

  it('hash the entry as encoded in messages, if the seed is 0', () => {
    // Longer than the memory of the kernel, so that it takes several rounds.
    const payload = Uint8Array.from({ length: 700_001 }, (_, i) => (i * 31) ^ (i >> 8));
    const seed = { low: 0, high: 0 };
    hash.hashEntry(seed, 9, payload);
    const state = hash.begin();
    hash.update(state, encoded([[9, payload.subarray(0, 0)]]).subarray(0, 1));
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, payload.length, true);
    hash.update(state, length);
    hash.update(state, payload);
    expect((BigInt(seed.high) << 32n) | BigInt(seed.low)).toBe(hash.digest(state));
  });

  it('are refused if they do not fill the bytes', () => {
    const bytes = encoded([[1, Uint8Array.of(9)]]);
    const chain = (entries: Uint8Array, count: number): Uint32Array | undefined =>
      hash.chain({ low: 0, high: 0 }, entries, count);
    expect(chain(bytes, 1)).toHaveLength(4);
    expect(chain(bytes, 2)).toBeUndefined();
    expect(chain(bytes.subarray(0, 5), 1)).toBeUndefined();
    expect(chain(Uint8Array.of(...bytes, 7), 1)).toBeUndefined();
  });
});

it('hashes alike on both kernels, whatever the pieces', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 5 }), (pieces) => {
      const digests = both.map((hash) => {
        const state = hash.begin();
        for (const piece of pieces) hash.update(state, piece);
        return hash.digest(state);
      });
      expect(digests[0]).toBe(digests[1]);
    }),
  );
});
