import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { certificateNames } from './certificate-names.ts';

describe('certificateNames', () => {
  it.each([
    ['', []],
    ['DNS:a.example', ['a.example']],
    ['DNS:a.example, IP Address:10.0.0.1, URI:spiffe://b/c', ['a.example', 'spiffe://b/c']],
    ['URI:"http://x, DNS:evil.example", DNS:b', ['http://x, DNS:evil.example', 'b']],
    ['DNS:"a\\u0000b"', ['a\0b']],
    ['email:a@b', []],
  ])('reads %j', (text, names) => {
    expect(certificateNames(text)).toEqual(names);
  });

  it.each(['DNS:a,DNS:b', 'DNS:a"b, DNS:c', 'DNS:"a" x, DNS:b', 'DNS:"a', 'DNS:"\\x", DNS:b', 'x'])(
    'takes no name from %j',
    (text) => {
      expect(certificateNames(text)).toEqual([]);
    },
  );

  it('reads quoted values, and takes no names from inside of them', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 4 }), (values) => {
        const text = values.map((value) => `URI:${JSON.stringify(value)}`).join(', ');
        expect(certificateNames(text)).toEqual(values);
      }),
    );
  });
});
