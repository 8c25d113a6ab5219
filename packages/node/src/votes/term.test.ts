import fc from 'fast-check';
import { expect, it } from 'vitest';
import { u64 } from '../../test/arbitraries.test-helper.ts';
import { epochOf, formatTerm, MAX_EPOCH, nextTerm, termOf } from './term.ts';

it('terms grow with the epoch, and within it with the round', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, MAX_EPOCH), u64, (epoch, votedTerm) => {
      const next = nextTerm(epoch, votedTerm);
      if (next === undefined) expect(epochOf(votedTerm + 1n) > epoch).toBe(true);
      else {
        expect(epochOf(next)).toBe(epoch);
        expect(next > votedTerm).toBe(true);
      }
    }),
  );
  expect(formatTerm(termOf(5n, 3n))).toBe('5.3');
  expect(() => termOf(MAX_EPOCH + 1n, 0n)).toThrow(expect.objectContaining({ code: 'argument' }));
  expect(() => termOf(0n, 1n << 20n)).toThrow(expect.objectContaining({ code: 'argument' }));
});
