import { ByteReader } from '@shoal/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../test/vectors.test-helper.ts';
import { codeOf } from '../../test/wire-error.test-helper.ts';
import { skipValue, ValueScanner } from './scan.ts';

/** One value of each form, in hexadecimal. */
const FORMS = [
  '00 7f e0 ff c0 c2 c3 ca00000000 cb0000000000000000',
  'cc00 cd0000 ce00000000 cf0000000000000000 d000 d10000 d200000000 d30000000000000000',
  'a0 a161 d90161 da000161 db0000000161 c40161 c5000161 c60000000161',
  'c7010061 c800010061 c9000000010061 d40000 d5000000 d60000000000',
  'd7000000000000000000 d80000000000000000000000000000000000',
  '90 9101 dc00020102 dd0000000101 80 810102 de00010102 df000000010102',
  '82a161920102a1628190c0',
]
  .join(' ')
  .split(' ');

describe('ValueScanner', () => {
  it.each(FORMS)('finds the end of %s, in pieces of any size', (hex) => {
    const bytes = fromHex(hex);
    for (let end = 0; end < bytes.length; end++) {
      expect(codeOf(() => skipValue(new ByteReader(bytes.subarray(0, end))))).toBe('truncated');
    }
    const reader = new ByteReader(fromHex(`${hex}0000`));
    skipValue(reader);
    expect(reader.offset).toBe(bytes.length);
  });

  it('goes on where it stopped', () => {
    const all = fromHex(FORMS.join(''));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (sizes) => {
        const scanner = new ValueScanner();
        scanner.expect(FORMS.length);
        let offset = 0;
        for (let end = 0, i = 0; end < all.length; i++) {
          end = Math.min(all.length, end + sizes[i % sizes.length]!);
          const reader = new ByteReader(all.subarray(0, end));
          reader.offset = offset;
          expect(scanner.scan(reader)).toBe(end === all.length);
          offset = reader.offset;
        }
        expect(offset).toBe(all.length);
      }),
    );
  });

  it('needs no stack for what is nested deeply', () => {
    const depth = 1_000_000;
    const bytes = new Uint8Array(depth + 1).fill(0x91);
    bytes[depth] = 0xc0;
    const reader = new ByteReader(bytes);
    skipValue(reader);
    reader.finish();
  });

  it('refuses the byte that begins no value', () => {
    expect(codeOf(() => skipValue(new ByteReader(fromHex('92c1'))))).toBe('variant');
  });
});
