import { describe, expect, it } from 'vitest';
import { CHECK_PART } from './check-part.test-helper.ts';
import { type Mutant, subjectWith } from './mutant.test-helper.ts';
import { MUTANTS } from './mutants.test-helper.ts';

const chosen = CHECK_PART < 1 ? MUTANTS.filter(({ quick }) => quick) : MUTANTS;

/** What the checker finds with these changes of the sources. */
async function check({ bounds, search, changes }: Mutant): Promise<string | undefined> {
  const { Consensus, checker } = await subjectWith(changes);
  if ('trace' in search) return checker.replayConsensus(Consensus, bounds, search.trace);
  const { violation } =
    'maxStates' in search
      ? checker.checkConsensus(Consensus, bounds, search)
      : checker.walkConsensus(Consensus, bounds, search);
  return violation?.what;
}

describe.each(chosen)('rule $rule: if $what', (mutant) => {
  it('the checker finds a violation', { timeout: 300_000 }, async () => {
    expect(await check(mutant)).toBeDefined();
  });
});

it('each rule that is needed for safety has a mutant', () => {
  const rules = new Set(MUTANTS.map(({ rule }) => Number.parseInt(rule, 10)));
  expect([...rules].sort((a, b) => a - b)).toEqual([
    1, 2, 3, 5, 6, 8, 9, 10, 12, 15, 16, 17, 18, 19, 20, 22, 24, 25,
  ]);
});

it('a change that no longer fits the sources is an error', async () => {
  const file = 'consensus/src/terms.ts';
  await expect(subjectWith([{ file, from: 'no such text', to: '' }])).rejects.toThrow('0 times');
});
