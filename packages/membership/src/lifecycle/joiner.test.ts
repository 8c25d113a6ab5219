import { describe, expect, it } from 'vitest';
import { alive, bench, down, node } from '../../test/harness.test-helper.ts';
import { nodeTraits } from '../members/identity.ts';
import { Joiner } from './joiner.ts';

const retry = { first: 100, most: 350, lookUpTimeout: 1000 };
const seeds = ['me', 'a', 'b', 'c', 'd'].map((name) => node(name));

/** A joiner whose random numbers are all `chance`: 0.5 means waits that are not varied. */
function joinerOf(machine = bench(), chance = 0.5) {
  const { swim } = machine;
  return new Joiner({ swim, traits: nodeTraits, retry, random: () => chance });
}

/** Makes the attempt that is due, and returns the names of the seeds to announce to. */
function attempt(joiner: Joiner<(typeof seeds)[0]>): string[] {
  const at = joiner.nextDeadline;
  const number = joiner.tick(at)!;
  expect(joiner.nextDeadline).toBe(at + 1000);
  const chosen = joiner.choose(number, seeds);
  joiner.finish(number, at);
  return chosen.map(({ address }) => address);
}

describe('Joiner', () => {
  it('tries at once, then with waits that double up to the longest', () => {
    const joiner = joinerOf();
    expect(joiner.nextDeadline).toBe(Number.POSITIVE_INFINITY);
    joiner.start(1000);
    const deadlines = Array.from({ length: 5 }, () => {
      const { nextDeadline } = joiner;
      attempt(joiner);
      return nextDeadline;
    });
    expect(deadlines).toEqual([1000, 1100, 1300, 1650, 2000]);
    joiner.start(5000);
    attempt(joiner);
    expect(joiner.nextDeadline).toBe(5100);
  });

  it('varies each wait by a quarter either way', () => {
    for (const [chance, wait] of [
      [0, 75],
      [1, 125],
    ] as const) {
      const joiner = joinerOf(bench(), chance);
      joiner.start(0);
      const number = joiner.tick(0)!;
      joiner.finish(number, 0);
      expect(joiner.nextDeadline).toBe(wait);
    }
  });

  it('picks three seeds while alone, and never this member itself', () => {
    const joiner = joinerOf();
    joiner.start(0);
    const chosen = attempt(joiner);
    expect(new Set(chosen).size).toBe(3);
    expect(chosen).not.toContain('me:1');
  });

  it('in a cluster picks one seed that is not active, after the longest wait', () => {
    const machine = bench();
    const known = [alive(node('a')), alive(node('b')), alive(node('c')), down(node('d'))];
    machine.swim.applyMany(known, machine.now);
    const joiner = joinerOf(machine);
    joiner.start(0);
    expect(attempt(joiner)).toEqual(['d:1']);
    expect(joiner.nextDeadline).toBe(350);
  });

  it('makes no attempt once stopped, and gives up the one under way', () => {
    const joiner = joinerOf();
    joiner.start(0);
    const number = joiner.tick(0)!;
    expect(joiner.isCurrent(number)).toBe(true);
    joiner.stop();
    expect(joiner.isCurrent(number)).toBe(false);
    expect(joiner.choose(number, seeds)).toEqual([]);
    joiner.finish(number, 10);
    expect(joiner.nextDeadline).toBe(Number.POSITIVE_INFINITY);
    expect(joiner.tick(1e12)).toBeUndefined();
  });

  it('gives up a look-up that takes too long, and tries again', () => {
    const joiner = joinerOf();
    joiner.start(0);
    const number = joiner.tick(0)!;
    expect(joiner.expire(999)).toBe(false);
    expect(joiner.tick(1000)).toBeUndefined();
    expect(joiner.expire(1000)).toBe(true);
    expect(joiner.expire(1000)).toBe(false);
    expect(joiner.isCurrent(number)).toBe(false);
    expect(joiner.choose(number, seeds)).toEqual([]);
    joiner.finish(number, 1050);
    expect(joiner.nextDeadline).toBe(1100);
    expect(joiner.tick(1100)).toBe(number + 1);
  });

  it('an attempt that outlasts a new start is given up', () => {
    const joiner = joinerOf();
    joiner.start(0);
    const number = joiner.tick(0)!;
    joiner.start(50);
    joiner.finish(number, 60);
    expect(joiner.nextDeadline).toBe(50);
  });
});
