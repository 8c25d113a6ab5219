import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from './virtual-clock.ts';

describe('a virtual clock', () => {
  it('runs timers by time, then by the order in which they were set, except canceled ones', () => {
    const delays = fc.array(fc.tuple(fc.integer({ min: -2, max: 20 }), fc.boolean()), {
      maxLength: 100,
    });
    fc.assert(
      fc.property(delays, (timers) => {
        const clock = new VirtualClock(5);
        const ran: [number, number][] = [];
        const set = timers.map(([delay], i) =>
          clock.setTimeout(() => ran.push([clock.now(), i]), delay),
        );
        for (const [i, [, canceled]] of timers.entries()) {
          if (canceled) clock.clearTimeout(set[i]!);
        }
        const expected = timers
          .map(([delay, canceled], i) => ({ at: 5 + Math.max(delay, 0), i, canceled }))
          .filter(({ canceled }) => !canceled)
          .sort((a, b) => a.at - b.at || a.i - b.i)
          .map(({ at, i }) => [at, i]);
        expect(clock.pending).toBe(expected.length);
        expect(clock.nextDeadline).toBe(expected[0]?.[0] ?? Number.POSITIVE_INFINITY);
        clock.runUntil(30);
        expect(ran).toEqual(expected);
        expect([clock.now(), clock.pending]).toEqual([30, 0]);
      }),
    );
  });

  it('stops at the requested time, and never goes back', () => {
    const clock = new VirtualClock();
    let ran = 0;
    clock.setTimeout(() => ran++, 10);
    clock.runUntil(9.5);
    expect([clock.now(), ran]).toEqual([9.5, 0]);
    clock.runUntil(3);
    expect(clock.now()).toBe(9.5);
    clock.runUntil(10);
    expect(ran).toBe(1);
  });

  it('lets async code run between timers', async () => {
    const clock = new VirtualClock();
    const times: number[] = [];
    const sleep = (ms: number): Promise<void> =>
      new Promise((resolve) => clock.setTimeout(resolve, ms));
    const running = (async () => {
      for (let i = 0; i < 4; i++) {
        await sleep(10);
        for (let k = 0; k < 20; k++) await null;
        times.push(clock.now());
      }
    })();
    await clock.advance(35);
    expect(times).toEqual([10, 20, 30]);
    await clock.advance(5);
    await running;
    expect([times.at(-1), clock.now()]).toEqual([40, 40]);
  });
});
