import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mutated, socketAddressText } from '../../test/arbitraries.test-helper.ts';
import { decode, encode } from '../../test/codec.test-helper.ts';
import { codeOf } from '../../test/wire-error.test-helper.ts';
import type { Codec } from '../bytes/codec.ts';
import { ByteReader } from '../bytes/reader.ts';
import { WireError } from '../errors.ts';
import * as bincode from './bincode.ts';
import * as postcard from './postcard.ts';

const formats = { postcard, bincode };

describe.each(Object.entries(formats))('%s', (_name, format) => {
  const integers = [
    [format.u8, fc.nat(0xff)],
    [format.u16, fc.nat(0xffff)],
    [format.u32, fc.nat(0xffff_ffff)],
    [format.i8, fc.integer({ min: -128, max: 127 })],
    [format.i16, fc.integer({ min: -32_768, max: 32_767 })],
    [format.i32, fc.integer()],
    [format.u64, fc.bigInt(0n, 2n ** 64n - 1n)],
    [format.i64, fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)],
  ] as [Codec<number | bigint>, fc.Arbitrary<number | bigint>][];

  it('round-trips every integer, and refuses those just outside the range', () => {
    for (const [codec, values] of integers) {
      fc.assert(fc.property(values, (value) => decode(codec, encode(codec, value)) === value));
    }
    for (const [codec, max] of [
      [format.u8, 0xff],
      [format.u16, 0xffff],
      [format.u32, 0xffff_ffff],
      [format.i8, 0x7f],
      [format.i16, 0x7fff],
      [format.i32, 0x7fff_ffff],
    ] as [Codec<number>, number][]) {
      expect(decode(codec, encode(codec, max))).toBe(max);
      expect(codeOf(() => encode(codec, max + 1))).toBe('range');
      expect(codeOf(() => encode(codec, 0.5))).toBe('range');
      expect(codeOf(() => encode(codec, Number.NaN))).toBe('range');
    }
    expect(codeOf(() => encode(format.u64, -1n))).toBe('range');
    expect(codeOf(() => encode(format.i64, 2n ** 63n))).toBe('range');
  });

  const everything = format.struct({
    flag: format.bool,
    name: format.str,
    data: format.bytes,
    maybe: format.option(format.i16),
    pair: format.tuple(format.u8, format.u64),
    peers: format.list(format.socketAddress),
    shape: format.variants({
      unit: {},
      point: { x: format.i32, y: format.u16 },
      one: { of: format.str },
    }),
  });
  const values = fc.record(
    {
      flag: fc.boolean(),
      name: fc.string({ unit: 'binary' }),
      data: fc.uint8Array(),
      maybe: fc.option(fc.integer({ min: -32_768, max: 32_767 }), { nil: undefined }),
      pair: fc.tuple(fc.nat(255), fc.bigInt(0n, 2n ** 64n - 1n)),
      peers: fc.array(socketAddressText),
      shape: fc.oneof(
        fc.record({ type: fc.constant('unit' as const) }, { noNullPrototype: true }),
        fc.record(
          { type: fc.constant('point' as const), x: fc.integer(), y: fc.nat(65_535) },
          { noNullPrototype: true },
        ),
        fc.record(
          { type: fc.constant('one' as const), of: fc.string({ unit: 'binary' }) },
          { noNullPrototype: true },
        ),
      ),
    },
    { noNullPrototype: true },
  );

  it('round-trips values of every type, and skips exactly what it reads', () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = encode(everything, value);
        expect(decode(everything, bytes)).toEqual(value);
        const reader = new ByteReader(bytes);
        everything.skip(reader);
        expect(reader.remaining).toBe(0);
      }),
    );
  });

  it('reads damaged bytes as a value that encodes to them, or throws a WireError', () => {
    fc.assert(
      fc.property(
        values.chain((value) => mutated(encode(everything, value))),
        (bytes) => {
          try {
            const value = decode(everything, bytes);
            expect(encode(everything, value)).toEqual(bytes);
          } catch (error) {
            if (!(error instanceof WireError)) throw error;
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('refuses a length that exceeds the input before it allocates memory', () => {
    const huge = encode(format.u32, 0xffff_ffff);
    for (const codec of [format.str, format.bytes, format.list(format.u8)]) {
      expect(codeOf(() => decode(codec as Codec<unknown>, huge))).toBe('length');
      expect(codeOf(() => codec.skip(new ByteReader(huge)))).toBe('length');
    }
  });

  it('refuses unknown variants, and invalid options, booleans and addresses', () => {
    const shape = format.variants({ unit: {} });
    expect(codeOf(() => decode(shape, Uint8Array.of(1)))).toBe('variant');
    expect(codeOf(() => encode(shape, { type: 'other' } as never))).toBe('variant');
    expect(codeOf(() => decode(format.bool, Uint8Array.of(2)))).toBe('variant');
    expect(codeOf(() => decode(format.option(format.u8), Uint8Array.of(2, 1)))).toBe('variant');
    expect(codeOf(() => decode(format.socketAddress, Uint8Array.of(2)))).toBe('variant');
    expect(codeOf(() => format.struct({ 1: format.u8 }))).toBe('variant');
    for (const text of [
      '',
      '1.2.3:4',
      '1.2.3.256:1',
      '01.2.3.4:1',
      '[::1]',
      '::1:80',
      '[1::2::3]:1',
    ]) {
      expect(codeOf(() => encode(format.socketAddress, text))).toBe('address');
    }
    for (const text of [
      '1.2.3.4:65536',
      'host:1',
      '[1:2:3:4:5:6:7]:1',
      '[1:2:3:4:5:6:7:8:9]:1',
      '[::g]:1',
    ]) {
      expect(codeOf(() => encode(format.socketAddress, text))).toBe('address');
    }
  });
});
