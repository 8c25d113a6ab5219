import { describe, expect, it } from 'vitest';
import { alive, bench, node } from '../../test/harness.test-helper.ts';
import { ExchangeSchedule, exchangeScale } from './exchange-schedule.ts';

const INTERVAL = 1000;

/** A schedule whose random numbers are all `chance`, in a cluster with these other members. */
function schedule(names: readonly string[], chance: number, interval = INTERVAL) {
  const { swim, now } = bench();
  swim.applyMany(
    names.map((name) => alive(node(name))),
    now,
  );
  return new ExchangeSchedule({ swim, interval, random: () => chance }, 0);
}

describe('ExchangeSchedule', () => {
  it('comes within the first interval, and then an interval apart, varied by a quarter', () => {
    const one = schedule(['a'], 0.5);
    expect(one.nextDeadline).toBe(500);
    expect(one.tick(499)).toBeUndefined();
    expect(one.tick(500)).toEqual(node('a'));
    expect(one.nextDeadline).toBe(1500);
    const early = schedule(['a'], 0);
    expect(early.tick(0)).toEqual(node('a'));
    expect(early.nextDeadline).toBe(750);
  });

  it('picks a random member, or nobody while alone', () => {
    const picked = [0, 0.4, 0.99].map((chance) => schedule(['a', 'b', 'c'], chance).tick(9999));
    expect(picked.map((id) => id?.address).sort()).toEqual(['a:1', 'b:1', 'c:1']);
    const alone = schedule([], 0.5);
    expect(alone.tick(500)).toBeUndefined();
    expect(alone.nextDeadline).toBe(1500);
  });

  it('comes less often in large clusters, and never with an interval of 0', () => {
    expect([1, 32, 33, 64, 65, 128, 1000].map(exchangeScale)).toEqual([1, 1, 2, 2, 3, 3, 6]);
    const names = Array.from({ length: 63 }, (_, i) => `n${i}`);
    expect(schedule(names, 0.5).nextDeadline).toBe(2 * 500);
    const never = schedule(['a'], 0.5, 0);
    expect(never.nextDeadline).toBe(Number.POSITIVE_INFINITY);
    expect(never.tick(1e12)).toBeUndefined();
  });
});
