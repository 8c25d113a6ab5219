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

  it('has reached a deadline at the time that it says, whatever is lost in rounding', () => {
    const times = fc.double({ min: -1e9, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(times, times, fc.double({ min: 0, max: 500, noNaN: true }), (first, then, ms) => {
        const clock = new MachineClock(1000);
        clock.advance(first, Number.POSITIVE_INFINITY);
        clock.advance(then, first);
        const due = clock.now + ms;
        clock.advance(clock.toCaller(due), due);
        expect(clock.now).toBeGreaterThanOrEqual(due);
      }),
      { numRuns: 5000 },
    );
  });
});
