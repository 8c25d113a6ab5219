import { ByteReader, ByteWriter } from '@shoal/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../test/vectors.test-helper.ts';
import { codeOf } from '../../test/wire-error.test-helper.ts';
import { count, type Field, float, i64, list, mapOf, text, u8, u16, u32, u64 } from './fields.ts';
import { writeBytes, writeSigned } from './write.ts';

function written<T>(field: Pick<Field<T>, 'encode'>, value: T): string {
  const writer = new ByteWriter();
  field.encode(writer, value);
  return toHex(writer.view());
}

function again<T>(field: Field<T>, value: T): T {
  const writer = new ByteWriter();
  field.encode(writer, value);
  const reader = new ByteReader(writer.copy());
  const decoded = field.decode(reader);
  reader.finish();
  return decoded;
}

// cspell:ignore ccff cdffff daffff

describe('what go-msgpack v2.1.5 writes', () => {
  it.each<[bigint, string]>([
    [0n, '00'],
    [127n, '7f'],
    [128n, 'd10080'],
    [255n, 'd100ff'],
    [32_767n, 'd17fff'],
    [32_768n, 'd200008000'],
    [65_535n, 'd20000ffff'],
    [2_147_483_647n, 'd27fffffff'],
    [2_147_483_648n, 'd30000000080000000'],
    [2n ** 53n, 'd30020000000000000'],
    [2n ** 63n - 1n, 'd37fffffffffffffff'],
    [-1n, 'ff'],
    [-32n, 'e0'],
    [-33n, 'd0df'],
    [-128n, 'd080'],
    [-129n, 'd1ff7f'],
    [-32_768n, 'd18000'],
    [-32_769n, 'd2ffff7fff'],
    [-2_147_483_648n, 'd280000000'],
    [-2_147_483_649n, 'd3ffffffff7fffffff'],
    [-(2n ** 63n), 'd38000000000000000'],
  ])('writes the signed integer %s', (value, hex) => {
    expect(written(i64, value)).toBe(hex);
    expect(again(i64, value)).toBe(value);
    if (BigInt(Number(value)) !== value || Math.abs(Number(value)) >= 2 ** 53) return;
    expect(written({ encode: writeSigned }, Number(value))).toBe(hex);
  });

  it.each<[bigint, string]>([
    [127n, '7f'],
    [128n, 'cc80'],
    [255n, 'ccff'],
    [256n, 'cd0100'],
    [65_535n, 'cdffff'],
    [65_536n, 'ce00010000'],
    [4_294_967_295n, 'ceffffffff'],
    [4_294_967_296n, 'cf0000000100000000'],
    [2n ** 64n - 1n, 'cfffffffffffffffff'],
  ])('writes the unsigned integer %s', (value, hex) => {
    expect(written(u64, value)).toBe(hex);
    expect(again(u64, value)).toBe(value);
    if (value <= 0xffff_ffffn) expect(written(u32, Number(value))).toBe(hex);
  });

  it.each<[number, string]>([
    [0, 'a0'],
    [31, 'bf'],
    [32, 'da0020'],
    [255, 'da00ff'],
    [256, 'da0100'],
    [65_535, 'daffff'],
    [65_536, 'db00010000'],
  ])('writes %d bytes, and text alike', (length, head) => {
    expect(written({ encode: writeBytes }, new Uint8Array(length))).toBe(
      head + '00'.repeat(length),
    );
    expect(written(text, 'x'.repeat(length))).toBe(head + '78'.repeat(length));
    expect(again(text, 'x'.repeat(length))).toHaveLength(length);
  });

  it('writes nil, floats, lists and maps', () => {
    expect(written({ encode: writeBytes }, undefined)).toBe('c0');
    expect(written(float, 1.5)).toBe('cb3ff8000000000000');
    expect(written(list(text), [])).toBe('90');
    expect(written(list(text), undefined)).toBe('c0');
    expect(written(mapOf(text), new Map([['role', 'web']]))).toBe('81a4726f6c65a3776562');
    expect(written(list(u8), Array(16).fill(1))).toBe(`dc0010${'01'.repeat(16)}`);
    expect(written(list(u8), Array(65_536).fill(1)).slice(0, 10)).toBe('dd00010000');
  });
});

describe('fields', () => {
  it('round-trip', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true }),
        fc.string({ unit: 'grapheme' }),
        fc.dictionary(fc.string(), fc.bigInt(0n, 2n ** 64n - 1n)),
        fc.maxSafeNat(),
        (number, string, object, whole) => {
          expect(again(float, number)).toBe(number);
          expect(again(text, string)).toBe(string);
          const map = new Map(Object.entries(object));
          expect(again(mapOf(u64), map)).toEqual(map);
          expect(again(count, whole)).toBe(whole);
        },
      ),
    );
  });

  it('refuse to write what Go could not read', () => {
    for (const value of [-1, 256, 1.5, Number.NaN])
      expect(codeOf(() => written(u8, value))).toBe('range');
    expect(codeOf(() => written(u16, 65_536))).toBe('range');
    expect(codeOf(() => written(u32, 2 ** 32))).toBe('range');
    expect(codeOf(() => written(count, -1))).toBe('range');
    expect(codeOf(() => written(u64, 2n ** 64n))).toBe('range');
    expect(codeOf(() => written(i64, 2n ** 63n))).toBe('range');
    expect(codeOf(() => written(text, '\ud800'))).toBe('utf8');
  });
});
