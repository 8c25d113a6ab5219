import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MachineClock } from './machine-clock.ts';

describe('MachineClock', () => {
  it('never goes back, and loses no more than the tolerance', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -100_000, max: 100_000 })), (jumps) => {
        const clock = new MachineClock(1000);
        let time = 5_000_000;
        clock.advance(time, Number.POSITIVE_INFINITY);
        let due = clock.now + 500;
        for (const jump of jumps) {
          time += jump;
          const before = clock.now;
          clock.advance(time, due);
          expect(clock.now).toBeGreaterThanOrEqual(before);
          expect(clock.now - Math.max(before, due)).toBeLessThanOrEqual(1000);
          expect(clock.toCaller(clock.now)).toBeCloseTo(time);
          if (due <= clock.now) due = clock.now + 500;
        }
      }),
    );
  });
});
