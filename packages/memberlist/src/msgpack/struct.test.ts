import { ByteReader, ByteWriter } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../test/vectors.test-helper.ts';
import { codeOf } from '../../test/wire-error.test-helper.ts';
import { bytes, text, u16 } from './fields.ts';
import { field, optional, Struct } from './struct.ts';

interface Sample {
  readonly type: 'sample';
  readonly name: string;
  readonly port: number;
  readonly source: Uint8Array | undefined;
}

const sample = new Struct<Sample>(
  { name: field('Name', text), port: optional('Port', u16), source: optional('Source', bytes) },
  'sample',
);

const NAME = 'a44e616d65';
const PORT = 'a4506f7274';

function read(hex: string): Sample {
  return sample.decode(new ByteReader(fromHex(hex)));
}

describe('Struct', () => {
  it('writes the fields in order, without the optional ones that are empty', () => {
    const written = (value: Omit<Sample, 'type'>): string => {
      const writer = new ByteWriter();
      sample.encode(writer, { type: 'sample', ...value });
      return toHex(writer.view());
    };
    expect(written({ name: '', port: 0, source: undefined })).toBe(`81${NAME}a0`);
    expect(written({ name: '', port: 0, source: new Uint8Array(0) })).toBe(`81${NAME}a0`);
    expect(written({ name: 'b', port: 1, source: Uint8Array.of(2) })).toBe(
      `83${NAME}a162${PORT}01a6536f75726365a102`,
    );
  });

  it('reads fields in any order, and skips unknown ones', () => {
    const value = { type: 'sample', name: 'b', port: 9, source: undefined };
    expect(read(`82${NAME}a162${PORT}09`)).toEqual(value);
    expect(read(`82${PORT}09${NAME}a162`)).toEqual(value);
    expect(read(`83${PORT}09a158920182a16101c0c0${NAME}a162`)).toEqual(value);
    expect(read(`82d9044e616d65c40162${PORT}cd0009`)).toEqual(value);
  });

  it('gives missing fields their zero value, all of them for nil', () => {
    const zero = { type: 'sample', name: '', port: 0, source: undefined };
    expect(read('80')).toEqual(zero);
    expect(read('c0')).toEqual(zero);
    expect(read(`81${NAME}c0`)).toEqual(zero);
  });

  it('takes the last of two fields with the same name', () => {
    expect(read(`82${NAME}a162${NAME}a163`).name).toBe('c');
  });

  it.each([
    ['truncated', `82${NAME}a162`],
    ['truncated', 'dfffffffff'],
    ['variant', '8101'],
    ['variant', '90'],
    ['variant', '8101c0'],
    ['range', `81${PORT}ce00010000`],
  ])('refuses with %s: %s', (code, hex) => {
    expect(codeOf(() => read(hex))).toBe(code);
  });
});
