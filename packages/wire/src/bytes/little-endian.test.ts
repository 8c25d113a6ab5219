import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wireErrorOf } from '../../test/wire-error.test-helper.ts';
import {
  readI64le,
  readU16le,
  readU32le,
  readU64le,
  writeI64le,
  writeU16le,
  writeU32le,
  writeU64le,
} from './little-endian.ts';
import { ByteReader } from './reader.ts';
import { ByteWriter } from './writer.ts';

/** A type of number: how it is written and read, and its values. */
interface Kind {
  readonly write: (writer: ByteWriter, value: never) => void;
  readonly read: (reader: ByteReader) => number | bigint;
  readonly values: fc.Arbitrary<number | bigint>;
}

const bits = (count: number): fc.Arbitrary<number> => fc.nat(2 ** count - 1);
const KINDS: readonly Kind[] = [
  { write: (w, value) => w.u8(value), read: (r) => r.u8(), values: bits(8) },
  { write: (w, value) => w.u16be(value), read: (r) => r.u16be(), values: bits(16) },
  { write: (w, value) => w.u32be(value), read: (r) => r.u32be(), values: bits(32) },
  { write: (w, value) => w.u48be(value), read: (r) => r.u48be(), values: bits(48) },
  { write: writeU16le, read: readU16le, values: bits(16) },
  { write: writeU32le, read: readU32le, values: bits(32) },
  { write: writeU64le, read: readU64le, values: fc.bigInt(0n, 2n ** 64n - 1n) },
  { write: writeI64le, read: readI64le, values: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n) },
];

describe('numbers', () => {
  it('round-trip through a buffer that has to grow', () => {
    const step = fc
      .constantFrom(...KINDS)
      .chain((kind) => fc.tuple(fc.constant(kind), kind.values));
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const writer = new ByteWriter({ capacity: 1 });
        for (const [kind, value] of steps) kind.write(writer, value as never);
        const reader = new ByteReader(writer.copy());
        for (const [kind, value] of steps) expect(kind.read(reader)).toBe(value);
        reader.finish();
      }),
    );
  });

  it('have the byte order of a little-endian DataView', () => {
    const writer = new ByteWriter();
    writeU32le(writer, 0x01020304);
    writeU64le(writer, 0x1112131415161718n);
    const view = new DataView(writer.copy().buffer);
    expect(view.getUint32(0, true)).toBe(0x01020304);
    expect(view.getBigUint64(4, true)).toBe(0x1112131415161718n);
  });

  it('are refused if they are out of range', () => {
    const writer = new ByteWriter();
    for (const value of [-1, 256, 1.5, Number.NaN]) {
      expect(wireErrorOf(() => writer.u8(value)).code).toBe('range');
    }
    expect(wireErrorOf(() => writer.u16be(65_536)).code).toBe('range');
    expect(wireErrorOf(() => writeU32le(writer, 2 ** 32)).code).toBe('range');
    expect(wireErrorOf(() => writeU64le(writer, 2n ** 64n)).code).toBe('range');
    expect(wireErrorOf(() => writeI64le(writer, 2n ** 63n)).code).toBe('range');
    expect(writer.offset).toBe(0);
  });
});
