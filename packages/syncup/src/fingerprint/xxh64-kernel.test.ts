import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import wabt from 'wabt';
import { xxh64Js } from './xxh64-js.ts';
import {
  INPUT,
  INPUT_SIZE,
  OUTPUT,
  OUTPUT_COUNT,
  RESULT,
  type Xxh64Kernel,
} from './xxh64-kernel.ts';
import { XXH64_MODULE, xxh64Wasm } from './xxh64-wasm.ts';

const wasm = xxh64Wasm()!;
const js = xxh64Js();

function hash(kernel: Xxh64Kernel, input: Uint8Array, seed = 0n): bigint {
  kernel.view.setBigUint64(RESULT, seed, true);
  kernel.bytes.set(input, INPUT);
  kernel.begin();
  const tail = INPUT + input.length - (input.length % 32);
  kernel.stripes(INPUT, tail);
  kernel.finish(tail, INPUT + input.length, input.length);
  return kernel.view.getBigUint64(RESULT, true);
}

/** The input of xxHash's own sanity check (tests/sanity_test.c, XSUM_fillTestBuffer). */
function sanityBuffer(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let value = 2654435761n;
  for (let i = 0; i < length; i++) {
    bytes[i] = Number(value >> 56n);
    value = BigInt.asUintN(64, value * 11400714785074694797n);
  }
  return bytes;
}

describe.each([
  ['WebAssembly', wasm],
  ['JavaScript', js],
])('XXH64 in %s', (_, kernel) => {
  it.each([
    ['', 0xef46db3751d8e999n],
    ['a', 0xd24ec4f1a98c6e5bn],
    ['abc', 0x44bc2cf5ad770999n],
    ['message digest', 0x066ed728fceeb3ben],
    ['abcdefghijklmnopqrstuvwxyz', 0xcfe1f278fa89835cn],
    ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', 0xaaa46907d3047814n],
  ])('hashes %j as published', (text, expected) => {
    expect(hash(kernel, new TextEncoder().encode(text))).toBe(expected);
  });

  it.each([
    [0, 0n, 0xef46db3751d8e999n],
    [0, 2654435761n, 0xac75fda2929b17efn],
    [1, 0n, 0xe934a84adb052768n],
    [1, 2654435761n, 0x5014607643a9b4c3n],
    [4, 0n, 0x9136a0dca57457een],
    [14, 0n, 0x8282dcc4994e35c8n],
    [14, 2654435761n, 0xc3bd6bf63deb6df0n],
    [222, 0n, 0xb641ae8cb691c174n],
    [222, 2654435761n, 0x20cb8ab7ae10c14an],
  ])("agrees with xxHash's sanity check at %i bytes, seed %s", (length, seed, expected) => {
    expect(hash(kernel, sanityBuffer(length), seed)).toBe(expected);
  });
});

describe('both', () => {
  it('hash alike, whatever the length and the seed', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.bigInt(0n, 2n ** 64n - 1n),
        (input, seed) => {
          expect(hash(js, input, seed)).toBe(hash(wasm, input, seed));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('count the length in 64 bits', () => {
    const ends = [wasm, js].map((kernel) => {
      kernel.bytes.fill(9, 0, 32);
      kernel.finish(INPUT, INPUT, 2 ** 53 - 1);
      return kernel.view.getBigUint64(RESULT, true);
    });
    expect(ends[0]).toBe(ends[1]);
  });

  it('chain alike', () => {
    const entries = fc.array(fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 100 })), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(entries, (list) => {
        const [first, second] = [wasm, js].map((kernel) => {
          let at = INPUT;
          for (const [type, payload] of list) {
            kernel.bytes[at] = type;
            kernel.view.setUint32(at + 1, payload.length, true);
            kernel.bytes.set(payload, at + 5);
            at += 5 + payload.length;
          }
          kernel.view.setBigUint64(RESULT, 5n, true);
          expect(kernel.chain(INPUT, at, list.length, OUTPUT)).toBe(1);
          return kernel.bytes.slice(OUTPUT, OUTPUT + 8 * list.length);
        });
        expect(second).toEqual(first);
      }),
    );
  });

  it('refuse entries that do not fill the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(4), (bytes, count) => {
        const [first, second] = [wasm, js].map((kernel) => {
          kernel.bytes.set(bytes, INPUT);
          return kernel.chain(INPUT, INPUT + bytes.length, count, OUTPUT);
        });
        expect(second).toBe(first);
      }),
      // Lengths that are in range are rare at random.
      {
        examples: [
          [Uint8Array.of(1, 1, 0, 0, 0, 9), 1],
          [Uint8Array.of(1, 1, 0, 0, 0), 1],
        ],
      },
    );
    for (const kernel of [wasm, js]) {
      kernel.bytes.set([1, 1, 0, 0, 0, 9, 7], INPUT);
      const fits = [5, 6, 7].map((length) => kernel.chain(INPUT, INPUT + length, 1, OUTPUT));
      expect(fits).toEqual([0, 1, 0]);
      kernel.bytes.fill(0xff, INPUT, INPUT + 5);
      expect(kernel.chain(INPUT, INPUT + 5, 1, OUTPUT)).toBe(0);
    }
  });

  it('have as much room as they state', () => {
    for (const { bytes } of [wasm, js]) {
      expect(bytes.length).toBeGreaterThanOrEqual(INPUT + INPUT_SIZE);
      expect(bytes.length).toBeGreaterThanOrEqual(OUTPUT + 8 * OUTPUT_COUNT);
    }
  });
});

describe('the module', () => {
  it('is what its source compiles to', async () => {
    const { parseWat } = await wabt();
    const source = readFileSync(new URL('../../wasm/xxh64.wat', import.meta.url), 'utf8');
    const { buffer } = parseWat('xxh64.wat', source).toBinary({});
    expect(XXH64_MODULE).toBe(Buffer.from(buffer).toString('base64'));
  });

  it('is missing on a platform without WebAssembly', () => {
    const { WebAssembly: real } = globalThis;
    try {
      Reflect.deleteProperty(globalThis, 'WebAssembly');
      expect(xxh64Wasm()).toBeUndefined();
    } finally {
      globalThis.WebAssembly = real;
    }
  });
});
