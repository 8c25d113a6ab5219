import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NodeClock } from './node-clock.ts';

describe('NodeClock', () => {
  it('runs at its rate, from the time that it is set to', () => {
    const clock = new NodeClock(5000);
    expect(clock.read(100)).toBe(5100);
    clock.skew(2, 100);
    expect(clock.read(150)).toBe(5200);
    clock.jump(-1000);
    expect(clock.read(150)).toBe(4200);
    clock.skew(1, 150);
    expect(clock.read(250)).toBe(4300);
  });

  it('never fires a timer early, or more than a few microseconds late', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e9 }),
        fc.double({ min: 0.5, max: 2, noNaN: true }),
        fc.double({ min: 0, max: 1e7, noNaN: true }),
        fc.double({ min: 0, max: 1e5, noNaN: true }),
        (shown, rate, now, wait) => {
          const clock = new NodeClock(shown);
          clock.skew(rate, now / 2);
          const deadline = clock.read(now) + wait;
          const fires = clock.timerFor(deadline, now);
          expect(clock.read(fires)).toBeGreaterThanOrEqual(deadline);
          expect(clock.read(fires) - deadline).toBeLessThan(0.01);
        },
      ),
    );
  });

  it('fires a timer for the past at once', () => {
    expect(new NodeClock(1000).timerFor(10, 7)).toBeCloseTo(7, 2);
  });
});
