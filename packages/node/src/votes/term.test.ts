import fc from 'fast-check';
import { expect, it } from 'vitest';
import { epochOf, formatTerm, MAX_EPOCH, termOf, termsOf } from './term.ts';

it('terms grow with the epoch, and within it with the round', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, MAX_EPOCH), (epoch) => {
      const { first, last } = termsOf(epoch);
      expect([epochOf(first), epochOf(last)]).toEqual([epoch, epoch]);
      expect([epochOf(first - 1n), epochOf(last + 1n)]).toEqual([epoch - 1n, epoch + 1n]);
    }),
  );
  expect(formatTerm(termOf(5n, 3n))).toBe('5.3');
  expect(() => termOf(MAX_EPOCH + 1n, 0n)).toThrow(expect.objectContaining({ code: 'argument' }));
  expect(() => termOf(0n, 1n << 20n)).toThrow(expect.objectContaining({ code: 'argument' }));
});
