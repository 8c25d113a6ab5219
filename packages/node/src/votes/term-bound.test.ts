import { expect, it } from 'vitest';
import { isPlausible, MAX_EPOCH, termOf } from './term.ts';

it('a term is plausible up to a bounded number of epochs above what is known', () => {
  const known = termOf(5n, 3n);
  expect(isPlausible(termOf(5n, 4n), known)).toBe(true);
  expect(isPlausible(termOf(5n + 2n ** 24n, 0n), known)).toBe(true);
  expect(isPlausible(termOf(6n + 2n ** 24n, 0n), known)).toBe(false);
  expect(isPlausible(termOf(MAX_EPOCH, 0n), known)).toBe(false);
  // A node that knows nothing joins a cluster of any age.
  expect(isPlausible(termOf(MAX_EPOCH, 0n), 0n)).toBe(true);
});
