import { describe, expect, it } from 'vitest';
import { alive, bench, down, joined, node, seeded } from '../../test/harness.test-helper.ts';
import { nodeTraits } from '../members/identity.ts';
import { Joiner } from './joiner.ts';

const retry = { first: 100, most: 350, lookUpTimeout: 1000 };
const seeds = ['me', 'a', 'b', 'c', 'd'].map((name) => node(name));
const few = seeds.slice(0, 4);

/** A joiner whose random numbers are all `chance`: 0.5 means waits that are not varied. */
function joinerOf(machine = bench(), chance = 0.5) {
  const { swim } = machine;
  return new Joiner({ swim, traits: nodeTraits, retry, random: () => chance });
}

/** Makes the attempt that is due, and returns the addresses of the seeds to announce to. */
function attempt(joiner: Joiner<(typeof seeds)[0]>, list = seeds): string[] {
  const at = joiner.nextDeadline;
  const number = joiner.tick(at)!;
  expect(joiner.nextDeadline).toBe(at + 1000);
  const chosen = joiner.choose(number, list);
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
      attempt(joiner, few);
      return nextDeadline;
    });
    expect(deadlines).toEqual([1000, 1100, 1300, 1650, 2000]);
    joiner.start(5000);
    attempt(joiner, few);
    expect(joiner.nextDeadline).toBe(5100);
  });

  it('tells which seeds a lap has tried in vain, once', () => {
    const joiner = joinerOf();
    joiner.start(0);
    const tried = [...attempt(joiner), ...attempt(joiner)];
    expect(joiner.takeUnanswered()).toEqual([]);
    // The next lap begins.
    attempt(joiner);
    expect(joiner.takeUnanswered().map(({ address }) => address)).toEqual(tried);
    expect(new Set(tried)).toEqual(new Set(['a:1', 'b:1', 'c:1', 'd:1']));
    expect(joiner.takeUnanswered()).toEqual([]);
    joiner.start(9000);
    attempt(joiner, few);
    expect(joiner.takeUnanswered()).toEqual([]);
  });

  it('knows a seed by who answered there, for as long as that one is a member', () => {
    const machine = joined(['a', 'b']);
    const joiner = joinerOf(machine);
    joiner.start(0);
    const list = [node('alias-of-b'), node('alias-of-me')];
    const tried = [...attempt(joiner, list), ...attempt(joiner, list)];
    expect(tried.sort()).toEqual(['alias-of-b:1', 'alias-of-me:1']);
    joiner.answered(list[0]!, node('b'));
    joiner.answered(list[1]!, machine.swim.identity);
    expect([...attempt(joiner, list), ...attempt(joiner, list)]).toEqual([]);
    machine.gossip(node('a'), down(node('b')));
    expect([...attempt(joiner, list), ...attempt(joiner, list)]).toContain('alias-of-b:1');
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

  it('picks three seeds at once while alone, and never this member itself', () => {
    const joiner = joinerOf();
    joiner.start(0);
    const chosen = attempt(joiner);
    expect(new Set(chosen).size).toBe(3);
    expect(chosen).not.toContain('me:1');
  });

  it('tries every seed once a lap, in random order, and waits longer only after a lap', () => {
    const many = Array.from({ length: 20 }, (_, i) => node(`s${i}`));
    const machine = bench();
    const random = seeded(7);
    const slow = { ...retry, first: 1000, most: 4000 };
    const joiner = new Joiner({ swim: machine.swim, traits: nodeTraits, retry: slow, random });
    joiner.start(0);
    const orders = new Set<string>();
    for (const wait of [1000, 2000, 4000, 4000]) {
      const tried: string[] = [];
      const waits: number[] = [];
      for (let i = 0; i < 7; i++) {
        const before = joiner.nextDeadline;
        tried.push(...attempt(joiner, many));
        waits.push(joiner.nextDeadline - before);
      }
      expect([...tried].sort()).toEqual(many.map(({ address }) => address).sort());
      orders.add(tried.join());
      for (const one of waits.slice(0, -1)) expect(one).toBeLessThanOrEqual(250 * 1.25);
      expect(waits.at(-1)).toBeGreaterThanOrEqual(wait * 0.75);
      expect(waits.at(-1)).toBeLessThanOrEqual(wait * 1.25);
    }
    expect(orders.size).toBe(4);
  });

  it('in a cluster tries each seed that is not active once a lap, too', () => {
    const machine = bench();
    machine.swim.applyMany([alive(node('a'))], machine.now);
    const joiner = joinerOf(machine);
    joiner.start(0);
    const lap = [1, 2, 3].flatMap(() => attempt(joiner));
    expect(lap.sort()).toEqual(['b:1', 'c:1', 'd:1']);
    expect(joiner.nextDeadline).toBe(3 * 350);
  });

  it('waits longer also when a look-up fails, or returns other seeds each time', () => {
    for (const lookUp of [() => [], (i: number) => [node(`s${i}`), node(`t${i}`)]]) {
      const joiner = joinerOf();
      joiner.start(0);
      const deadlines = [0, 1, 2].map((i) => {
        attempt(joiner, lookUp(i));
        return joiner.nextDeadline;
      });
      expect(deadlines).toEqual([100, 300, 650]);
    }
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
