import { expect, it } from 'vitest';
import { furthestAhead, isAhead } from './log-position.ts';

it('the later term counts before the VLSN', () => {
  expect(isAhead({ term: 2n, last: 1n }, { term: 1n, last: 9n })).toBe(true);
  expect(isAhead({ term: 1n, last: 9n }, { term: 1n, last: 8n })).toBe(true);
  expect(isAhead({ term: 1n, last: 9n }, { term: 1n, last: 9n })).toBe(false);
  expect(isAhead({ term: 1n, last: 9n }, { term: 2n, last: 1n })).toBe(false);
});

it('the furthest voter is the one ahead of all others, if any is ahead of this node', () => {
  const at = (term: bigint, last: bigint): { term: bigint; last: bigint } => ({ term, last });
  const positions = new Map([
    ['b', at(1n, 9n)],
    ['c', at(2n, 3n)],
    ['d', at(2n, 2n)],
  ]);
  expect(furthestAhead(positions, at(1n, 5n))).toEqual({ name: 'c', position: at(2n, 3n) });
  expect(furthestAhead(positions, at(2n, 3n))).toBeUndefined();
});
