import { describe, expect, it } from 'vitest';
import { runPlan, shrinkPlan } from './campaign.ts';
import { type Effects, FAIR_WEATHER, newEffects, type TimedFault } from './fault.ts';
import { type Plan, planRun } from './plan.ts';

/** So many of the campaign's seeds; `npm run sim` runs 2,000, and for longer. */
const SEEDS = 24;
const DURATION = 1_500_000;

describe('part of the campaign', () => {
  const total = newEffects();

  it.each(Array.from({ length: SEEDS }, (_, seed) => seed))('seed %d', (seed) => {
    const outcome = runPlan(planRun(seed, { duration: DURATION, mostNodes: 40 }));
    expect(outcome.violation).toBeUndefined();
    for (const key of Object.keys(total) as (keyof Effects)[]) total[key] += outcome.effects[key];
  });

  it('has faults of every kind', () => {
    // A socket buffer overflows in long runs of large clusters only.
    const missing = Object.entries({ ...total, overflows: 1 }).filter(([, count]) => count === 0);
    expect(missing).toEqual([]);
  });
});

/** Ten nodes, of which three are cut off for two minutes. */
function split(more: TimedFault[] = [], without: Plan['without'] = []): Plan {
  const faults: TimedFault[] = [
    ...more,
    { at: 60_000, fault: { type: 'partition', nodes: [1, 2, 3] } },
    { at: 180_000, fault: { type: 'heal' } },
    { at: 600_000, fault: { type: 'calm' } },
  ];
  return {
    seed: 1,
    nodes: 10,
    preset: 'lan',
    config: {},
    without,
    weather: FAIR_WEATHER,
    join: {},
    exchange: false,
    faults,
    duration: 1_200_000,
  };
}

describe('a run', () => {
  it('is the same for the same plan, also after a round trip through JSON', () => {
    const plan = planRun(11, { duration: 1_200_000, mostNodes: 12 });
    const stored: Plan = JSON.parse(JSON.stringify(plan));
    const [first, second] = [runPlan(plan, { log: true }), runPlan(stored, { log: true })];
    expect(second.log.length).toBeGreaterThan(1000);
    expect(second.log).toEqual(first.log);
    expect(second.digest).toBe(first.digest);
    expect(runPlan(plan).digest).toBe(first.digest);
  });

  it('refuses a duration that is too short', () => {
    for (const duration of [1_199_999, Number.NaN]) {
      expect(() => planRun(1, { duration })).toThrow(RangeError);
    }
  });

  it('heals a split in time', () => {
    const outcome = runPlan(split());
    expect(outcome.violation).toBeUndefined();
    expect(outcome.convergedAfter).toBeLessThan(5000);
    expect(outcome.load).toBeLessThan(2.2);
  });

  it('finds that a split without announces to Down members lasts forever, and which faults cause it', () => {
    const noise: TimedFault[] = [
      { at: 10_000, fault: { type: 'rename', node: 4, metadata: 'x' } },
      { at: 20_000, fault: { type: 'restart', node: 5 } },
      { at: 30_000, fault: { type: 'jump', node: 6, ms: 5000 } },
    ];
    const outcome = runPlan(split(noise, ['announceDown']));
    expect(outcome.violation?.code).toBe('not-down-for-ever');
    expect(outcome.violation?.message).toMatch(/42 disagreements among 10 members: n0 holds n1/);
    const { plan, violation } = shrinkPlan(outcome);
    expect(violation?.code).toBe('not-down-for-ever');
    expect(plan.faults.map(({ fault }) => fault.type)).toEqual(['partition', 'calm']);
  });

  it('finds planned faults that had no effect', () => {
    // Before the node has started: there is nothing to leave.
    const vain = (count: number): TimedFault[] =>
      Array.from({ length: count }, () => ({ at: 0, fault: { type: 'leave', node: 9 } }));
    expect(runPlan(split(vain(2))).violation).toBeUndefined();
    expect(runPlan(split(vain(3))).violation?.code).toBe('faults-fire');
  });

  it('finds a machine that throws', () => {
    const plan = split([{ at: 1000, fault: { type: 'crash', node: 99 } }]);
    const { violation } = runPlan(plan);
    expect(violation?.code).toBe('no-throw');
    expect(violation?.cause).toBeInstanceOf(RangeError);
  });
});
