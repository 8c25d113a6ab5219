import { Consensus } from '@shoal/consensus';
import { expect, it } from 'vitest';
import { checkConsensus, replayConsensus, walkConsensus } from '../../src/checker/index.ts';
import { subjectWith } from './mutant.test-helper.ts';

const bounds = { nodes: ['a', 'b', 'c'], maxTerm: 2, maxEntries: 3 };

it('a violation comes with a trace that leads to it again', async () => {
  const { Consensus: Broken, checker } = await subjectWith([
    {
      file: 'consensus/src/elections/granting.ts',
      from: 'if (term > state.votedTerm) {',
      to: 'if (term >= state.votedTerm) {',
    },
  ]);
  const { violation } = checker.checkConsensus(Broken, bounds, { maxStates: 10_000 });
  expect(violation!.what).toBe('term 1 has a second leader');
  expect(checker.replayConsensus(Broken, bounds, violation!.trace)).toBe(violation!.what);
});

it('a trace that the core does not follow is an error', () => {
  expect(replayConsensus(Consensus, bounds, ['a: campaign'])).toBeUndefined();
  expect(() => replayConsensus(Consensus, bounds, ['a: append'])).toThrow('impossible');
});

it('a check ends when all states are visited, or as many as it may visit', () => {
  const two = { nodes: ['a', 'b'], maxTerm: 1, maxEntries: 2 };
  const all = checkConsensus(Consensus, two, { maxStates: 100_000 });
  expect(all).toMatchObject({ exhausted: true, violation: undefined });
  const some = checkConsensus(Consensus, two, { maxStates: 20 });
  expect(some).toMatchObject({ exhausted: false, states: 20 });
});

it('a seed repeats a walk', () => {
  const walk = { seed: '7', steps: 2000, depth: 100 };
  const run = (seed: string): unknown => walkConsensus(Consensus, bounds, { ...walk, seed });
  expect(run('7')).toEqual(run('7'));
});
