import { Consensus } from '@shoal/consensus';
import { describe, expect, it } from 'vitest';
import { type CheckBounds, checkConsensus, walkConsensus } from '../../src/checker/index.ts';
import { CHECK_PART } from './check-part.test-helper.ts';

const SEED = process.env['SHOAL_SEED'] ?? '1';
const EVERYTHING = {
  maxTerm: 4,
  maxEntries: 8,
  maxBatches: 2,
  batchSize: 2,
  maxConfigurations: 4,
  crashes: 3,
  wipes: 1,
  unsynced: true,
  slowVotes: true,
};
const timeout = 600_000;

interface Check {
  readonly what: string;
  readonly bounds: CheckBounds;
  readonly maxStates: number;
  /** Whether all states within the bounds are fewer than that. */
  readonly exhausted: boolean;
}

const CHECKS: readonly Check[] = [
  {
    what: 'two terms of three nodes',
    bounds: { nodes: ['a', 'b', 'c'], maxTerm: 2, maxEntries: 3, maxBatches: 1 },
    maxStates: 2_000_000,
    exhausted: true,
  },
  {
    what: 'changes of the voters of four nodes',
    bounds: {
      nodes: ['a', 'b', 'c', 'd'],
      voters: ['a', 'b', 'c'],
      maxTerm: 2,
      maxEntries: 6,
      maxConfigurations: 3,
      candidates: ['a', 'd'],
    },
    maxStates: 1_000_000,
    exhausted: false,
  },
  {
    what: 'the founding of a cluster, with a lost store',
    bounds: {
      nodes: ['a', 'b', 'c'],
      founding: true,
      maxTerm: 2,
      maxEntries: 4,
      wipes: 1,
      candidates: ['a', 'b'],
    },
    maxStates: 500_000,
    exhausted: false,
  },
];

describe('the consensus core keeps its invariants', () => {
  it.each(CHECKS)('in all states: $what', { timeout }, ({ what, bounds, maxStates, exhausted }) => {
    const start = performance.now();
    const result = checkConsensus(Consensus, bounds, { maxStates: maxStates * CHECK_PART });
    const seconds = (performance.now() - start) / 1000;
    const { states, steps, depth } = result;
    const all = result.exhausted ? 'all' : 'the nearest';
    const rate = Math.round(states / seconds);
    console.log(`${what}: ${all} ${states} states, ${steps} steps, depth ${depth}, ${rate}/s`);
    expect(result.violation).toBeUndefined();
    expect(result.exhausted).toBe(exhausted && CHECK_PART === 1);
    expect(result.committed).toBeGreaterThan(0);
  });

  it.each([
    ['four nodes', { nodes: ['a', 'b', 'c', 'd'], voters: ['a', 'b', 'c'] }],
    ['five nodes', { nodes: ['a', 'b', 'c', 'd', 'e'] }],
    ['a founded cluster', { nodes: ['a', 'b', 'c', 'd'], voters: ['a', 'b', 'c'], founding: true }],
  ])(`on random walks with every fault, ${SEED}: %s`, { timeout }, (_, nodes) => {
    const steps = Math.max(10_000, 200_000 * CHECK_PART);
    const limits = { seed: SEED, steps, depth: 200 };
    const result = walkConsensus(Consensus, { ...EVERYTHING, ...nodes }, limits);
    expect(result.violation).toBeUndefined();
    expect(result.committed).toBeGreaterThan(3);
  });
});
