import { expect, it } from 'vitest';
import { seededRandom } from './random.ts';

it('repeats for a seed, differs between seeds, and is evenly distributed', () => {
  const draw = (seed: number | string): number[] => {
    const random = seededRandom(seed);
    return Array.from({ length: 1000 }, random);
  };
  expect(draw('a')).toEqual(draw('a'));
  const seeds = [0, 1, 2, 12, 21, 'a', 'b', 'ab', 'ba', ''];
  expect(new Set(seeds.map((seed) => draw(seed)[0])).size).toBe(seeds.length);
  for (const seed of seeds) {
    const numbers = draw(seed);
    const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.04);
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
  }
});
