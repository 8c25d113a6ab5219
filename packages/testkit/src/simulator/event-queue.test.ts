import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventQueue } from './event-queue.ts';

describe('EventQueue', () => {
  it('yields items by time, and by the order of adding at equal times', () => {
    const operation = fc.oneof(
      { weight: 3, arbitrary: fc.record({ add: fc.integer({ min: 0, max: 20 }) }) },
      { weight: 2, arbitrary: fc.constant('take' as const) },
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 300 }), (operations) => {
        const queue = new EventQueue<number>();
        let model: { time: number; item: number }[] = [];
        operations.forEach((one, item) => {
          if (one === 'take') {
            expect(queue.nextTime).toBe(model[0]?.time ?? Number.POSITIVE_INFINITY);
            expect(queue.take()).toBe(model.shift()?.item);
          } else {
            queue.add(one.add, item);
            model = [...model, { time: one.add, item }].sort((a, b) => a.time - b.time);
          }
          expect(queue.size).toBe(model.length);
        });
      }),
    );
  });

  it('grows past its first capacity', () => {
    const queue = new EventQueue<number>();
    for (let i = 0; i < 5000; i++) queue.add((i * 7919) % 5000, i);
    let last = -1;
    for (let i = 0; i < 5000; i++) {
      expect(queue.nextTime).toBeGreaterThan(last);
      last = queue.nextTime;
      expect((queue.take()! * 7919) % 5000).toBe(last);
    }
    expect(queue.take()).toBeUndefined();
  });
});
