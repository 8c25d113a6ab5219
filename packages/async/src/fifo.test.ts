import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fifo } from './fifo.ts';

test('behaves as an array does', () => {
  const operation = fc.oneof(
    { weight: 5, arbitrary: fc.nat() },
    { weight: 4, arbitrary: fc.constant('shift' as const) },
    { weight: 1, arbitrary: fc.constant('takeAll' as const) },
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const queue = new Fifo<number>();
      let model: number[] = [];
      for (const step of operations) {
        if (step === 'shift') expect(queue.shift()).toBe(model.shift());
        else if (step === 'takeAll') {
          expect(queue.takeAll()).toEqual(model);
          model = [];
        } else {
          queue.push(step);
          model.push(step);
        }
        expect(queue.length).toBe(model.length);
      }
    }),
  );
});

test('clear drops all items', () => {
  const queue = new Fifo<number>();
  queue.push(1);
  queue.clear();
  expect(queue.length).toBe(0);
  expect(queue.shift()).toBeUndefined();
});
