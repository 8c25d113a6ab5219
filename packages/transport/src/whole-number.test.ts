import { expect, it } from 'vitest';
import { wholeNumber } from './whole-number.ts';

const range = { preset: 7, min: 1, max: 9 };

it('returns a value in range, or the preset', () => {
  expect(wholeNumber({ size: 5 }, 'size', range)).toBe(5);
  expect(wholeNumber({ size: undefined }, 'size', range)).toBe(7);
  expect(wholeNumber({}, 'size', range)).toBe(7);
});

it('refuses anything else, naming the option', () => {
  const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
  for (const size of [0, 10, 1.5, nan, infinity, '5' as never, null as never]) {
    expect(() => wholeNumber({ size }, 'size', range)).toThrow(
      expect.objectContaining({ code: 'argument', message: expect.stringContaining('size') }),
    );
  }
});

it('takes any delay of setTimeout by default', () => {
  const delay = { preset: 7, min: 1 };
  expect(wholeNumber({ time: 2 ** 31 - 1 }, 'time', delay)).toBe(2 ** 31 - 1);
  expect(() => wholeNumber({ time: 2 ** 31 }, 'time', delay)).toThrow(
    expect.objectContaining({ code: 'argument' }),
  );
});
