import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type QueuedTimer, TimerQueue } from './timer-queue.ts';

describe('TimerQueue', () => {
  it('yields timers in order, whatever is scheduled, moved and canceled', () => {
    const steps = fc.array(
      fc.record({
        timer: fc.nat(29),
        action: fc.constantFrom('schedule', 'schedule', 'cancel', 'take'),
        at: fc.nat(1000),
      }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(steps, (list) => {
        const queue = new TimerQueue<QueuedTimer>();
        const timers = Array.from({ length: 30 }, () => ({ deadline: 0, heapIndex: -1 }));
        const model = new Map<QueuedTimer, number>();
        for (const { timer, action, at } of list) {
          const one = timers[timer]!;
          if (action === 'schedule') {
            queue.schedule(one, at);
            model.set(one, at);
          } else if (action === 'cancel') {
            queue.cancel(one);
            model.delete(one);
          } else {
            const least = Math.min(...model.values());
            const taken = queue.takeDue(at);
            expect(taken === undefined).toBe(!(least <= at));
            if (taken) {
              expect(model.get(taken)).toBe(least);
              model.delete(taken);
            }
          }
          expect(queue.size).toBe(model.size);
          expect(queue.next).toBe(Math.min(Number.POSITIVE_INFINITY, ...model.values()));
        }
      }),
    );
  });
});
