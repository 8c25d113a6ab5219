import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WireError } from '../errors.ts';
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
import { ByteWriter, rollback } from './writer.ts';

/** A kind of number: how it is written and read, and which there are. */
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

function thrown(run: () => unknown): WireError {
  try {
    run();
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('ByteWriter and ByteReader', () => {
  it('give back every number that was written, from a buffer that has to grow', () => {
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

  it('agree with DataView on byte order', () => {
    const writer = new ByteWriter();
    writeU32le(writer, 0x01020304);
    writeU64le(writer, 0x1112131415161718n);
    const view = new DataView(writer.copy().buffer);
    expect(view.getUint32(0, true)).toBe(0x01020304);
    expect(view.getBigUint64(4, true)).toBe(0x1112131415161718n);
  });

  it('carry any text but lone surrogates', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const writer = new ByteWriter({ capacity: 1 });
        writer.text(text);
        const bytes = writer.copy();
        expect(bytes).toEqual(new TextEncoder().encode(text));
        expect(new ByteReader(bytes).text(bytes.length)).toBe(text);
      }),
    );
    const error = thrown(() => new ByteWriter().text('a\ud800b'));
    expect(error).toMatchObject({ code: 'utf8', offset: 1 });
  });

  it('keep a byte order mark, and refuse invalid UTF-8 of any length', () => {
    const bom = Uint8Array.of(0xef, 0xbb, 0xbf, 0x41);
    expect(new ByteReader(bom).text(4)).toBe('\ufeffA');
    for (const length of [1, 24, 25, 100]) {
      const bytes = new Uint8Array(length).fill(0x41);
      bytes[length - 1] = 0xc3;
      expect(thrown(() => new ByteReader(bytes).text(length)).code).toBe('utf8');
    }
  });

  it('never read past the end, and say where and what was expected', () => {
    const reader = new ByteReader(Uint8Array.of(1, 2, 3));
    reader.u8();
    expect(thrown(() => readU32le(reader))).toMatchObject({
      code: 'truncated',
      offset: 1,
      expected: '4 more bytes',
      message: 'truncated at byte 1: expected 4 more bytes',
    });
    expect(thrown(() => readU64le(reader)).code).toBe('truncated');
    expect(reader.remaining).toBe(2);
    expect(thrown(() => reader.finish())).toMatchObject({ code: 'trailing', offset: 1 });
  });

  it('refuse numbers out of range', () => {
    const writer = new ByteWriter();
    for (const value of [-1, 256, 1.5, Number.NaN]) {
      expect(thrown(() => writer.u8(value)).code).toBe('range');
    }
    expect(thrown(() => writer.u16be(65_536)).code).toBe('range');
    expect(thrown(() => writeU32le(writer, 2 ** 32)).code).toBe('range');
    expect(thrown(() => writeU64le(writer, 2n ** 64n)).code).toBe('range');
    expect(thrown(() => writeI64le(writer, 2n ** 63n)).code).toBe('range');
    expect(writer.offset).toBe(0);
  });

  it('roll back to a mark, and stop at a fixed capacity', () => {
    const writer = new ByteWriter({ capacity: 4, fixed: true });
    writer.u16be(0x0102);
    const mark = writer.offset;
    expect(thrown(() => writer.text('too long')).code).toBe('capacity');
    rollback(writer, mark);
    writer.u16be(0x0304);
    expect(writer.copy()).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(thrown(() => rollback(writer, 5)).code).toBe('range');
  });
});
