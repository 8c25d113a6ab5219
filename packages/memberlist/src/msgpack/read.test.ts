import { ByteReader } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../test/vectors.test-helper.ts';
import { codeOf } from '../../test/wire-error.test-helper.ts';
import {
  boolean,
  bytes,
  type Field,
  float,
  i64,
  list,
  mapOf,
  nullable,
  text,
  u16,
  u64,
} from './fields.ts';

function read<T>(field: Field<T>, hex: string): T {
  const reader = new ByteReader(fromHex(hex));
  const value = field.decode(reader);
  reader.finish();
  return value;
}

describe('reading', () => {
  it.each([
    '07',
    'cc07',
    'cd0007',
    'ce00000007',
    'cf0000000000000007',
    'd007',
    'd10007',
    'd200000007',
    'd30000000000000007',
  ])('takes any form of an integer: %s', (hex) => {
    expect(read(u16, hex)).toBe(7);
    expect(read(u64, hex)).toBe(7n);
  });

  it.each(['ff', 'd0ff', 'd1ffff', 'd2ffffffff', 'd3ffffffffffffffff'])(
    'takes any form of a negative integer: %s',
    (hex) => {
      expect(read(i64, hex)).toBe(-1n);
      expect(codeOf(() => read(u16, hex))).toBe('range');
      expect(codeOf(() => read(u64, hex))).toBe('range');
    },
  );

  it.each(['ce00010000', 'cf0000000000010000', 'cfffffffffffffffff'])(
    'refuses an integer out of range: %s',
    (hex) => expect(codeOf(() => read(u16, hex))).toBe('range'),
  );

  it.each(['a162', 'd90162', 'da000162', 'db0000000162', 'c40162', 'c5000162', 'c60000000162'])(
    'takes str and bin for text and bytes: %s',
    (hex) => {
      expect(read(text, hex)).toBe('b');
      expect(read(bytes, hex)).toEqual(Uint8Array.of(0x62));
    },
  );

  it('takes nil for anything', () => {
    expect(read(u16, 'c0')).toBe(0);
    expect(read(u64, 'c0')).toBe(0n);
    expect(read(boolean, 'c0')).toBe(false);
    expect(read(float, 'c0')).toBe(0);
    expect(read(text, 'c0')).toBe('');
    expect(read(bytes, 'c0')).toBeUndefined();
    expect(read(list(text), 'c0')).toBeUndefined();
    expect(read(mapOf(text), 'c0')).toBeUndefined();
    expect(read(nullable(text), 'c0')).toBeUndefined();
  });

  it('takes short floats, integers for floats, and long heads', () => {
    expect(read(float, 'ca3fc00000')).toBe(1.5);
    expect(read(float, 'fe')).toBe(-2);
    expect(read(list(text), 'dd00000001a162')).toEqual(['b']);
    expect(read(mapOf(text), 'df00000001a162a163')).toEqual(new Map([['b', 'c']]));
  });

  it.each<[string, Field<unknown>, string]>([
    ['an integer', u16, 'a131'],
    ['an integer', u16, 'ca42000000'],
    ['a big integer', u64, 'c2'],
    ['true or false', boolean, '01'],
    ['a float', float, 'a0'],
    ['text', text, '01'],
    ['bytes', bytes, '920102'],
    ['a list', list(text), '80'],
    ['a map', mapOf(text), '90'],
  ])('refuses another type for %s', (_, field, hex) => {
    expect(codeOf(() => read(field, hex))).toBe('variant');
  });

  it('refuses counts and lengths that the input cannot hold, before it reserves memory', () => {
    expect(codeOf(() => read(list(text), 'ddffffffff'))).toBe('length');
    expect(codeOf(() => read(mapOf(text), 'dfffffffff'))).toBe('length');
    expect(codeOf(() => read(bytes, 'dbffffffff00'))).toBe('truncated');
    expect(codeOf(() => read(text, 'a2ff61'))).toBe('utf8');
  });
});
