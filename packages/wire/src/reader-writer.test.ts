import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WireError } from './errors.ts';
import { ByteReader } from './reader.ts';
import { ByteWriter } from './writer.ts';

const NUMBERS = { u8: 8, u16le: 16, u16be: 16, u32le: 32, u32be: 32, u48be: 48 } as const;
const BIGS = ['u64le'] as const;

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
    const step = fc.oneof(
      fc
        .constantFrom(...(Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]))
        .chain((kind) => fc.tuple(fc.constant(kind), fc.nat(2 ** NUMBERS[kind] - 1))),
      fc.tuple(fc.constantFrom(...BIGS), fc.bigInt(0n, 2n ** 64n - 1n)),
      fc.tuple(fc.constant('i64le' as const), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const writer = new ByteWriter({ capacity: 1 });
        for (const [kind, value] of steps) writer[kind](value as never);
        const reader = new ByteReader(writer.copy());
        for (const [kind, value] of steps) expect(reader[kind]()).toBe(value);
        reader.finish();
      }),
    );
  });

  it('agree with DataView on byte order', () => {
    const writer = new ByteWriter();
    writer.u32le(0x01020304);
    writer.u64le(0x1112131415161718n);
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
    expect(thrown(() => reader.u32le())).toMatchObject({
      code: 'truncated',
      offset: 1,
      expected: '4 more bytes',
      message: 'truncated at byte 1: expected 4 more bytes',
    });
    expect(thrown(() => reader.u64le()).code).toBe('truncated');
    expect(reader.remaining).toBe(2);
    expect(thrown(() => reader.finish())).toMatchObject({ code: 'trailing', offset: 1 });
  });

  it('refuse numbers out of range', () => {
    const writer = new ByteWriter();
    for (const value of [-1, 256, 1.5, Number.NaN]) {
      expect(thrown(() => writer.u8(value)).code).toBe('range');
    }
    expect(thrown(() => writer.u16be(65_536)).code).toBe('range');
    expect(thrown(() => writer.u32le(2 ** 32)).code).toBe('range');
    expect(thrown(() => writer.u64le(2n ** 64n)).code).toBe('range');
    expect(thrown(() => writer.i64le(2n ** 63n)).code).toBe('range');
    expect(writer.offset).toBe(0);
  });

  it('roll back to a mark, and stop at a fixed capacity', () => {
    const writer = new ByteWriter({ capacity: 4, fixed: true });
    writer.u16be(0x0102);
    const mark = writer.offset;
    expect(thrown(() => writer.text('too long')).code).toBe('capacity');
    writer.rollback(mark);
    writer.u16be(0x0304);
    expect(writer.copy()).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(thrown(() => writer.rollback(5)).code).toBe('range');
  });
});
