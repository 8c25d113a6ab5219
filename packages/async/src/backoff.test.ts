import { expect, it } from 'vitest';
import { Backoff } from './backoff.ts';

it('doubles the delay up to a limit', () => {
  const backoff = new Backoff({ minDelay: 4, maxDelay: 20, random: () => 0.5 });
  expect(Array.from({ length: 5 }, () => backoff.next())).toEqual([3, 6, 12, 15, 15]);
});

it('starts again after a stable connection only', () => {
  const backoff = new Backoff({ minDelay: 4, maxDelay: 20, random: () => 0.5 });
  const lasted = [0, 19, 19, 20, 0];
  expect(lasted.map((ms) => backoff.next({ lasted: ms }))).toEqual([3, 6, 12, 3, 6]);
});

it('makes half of each delay random, from the first one on', () => {
  const draws = [0, 0.999];
  const random = (): number => draws.shift()!;
  const [low, high] = [0, 0].map(() =>
    new Backoff({ minDelay: 100, maxDelay: 1000, random }).next(),
  );
  expect([low, high]).toEqual([50, expect.closeTo(99.95)]);
});

it('never exceeds the limit, even with a longer first delay', () => {
  const backoff = new Backoff({ minDelay: 100, maxDelay: 10, random: () => 0.5 });
  expect([backoff.next(), backoff.next()]).toEqual([7.5, 7.5]);
});
