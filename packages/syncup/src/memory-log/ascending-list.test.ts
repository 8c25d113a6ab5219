import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AscendingList } from './ascending-list.ts';

it('behaves like a sorted array', () => {
  const step = fc.record({
    op: fc.constantFrom('push', 'push', 'push', 'above', 'below'),
    n: fc.nat(60),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(100), (steps, probe) => {
      const list = new AscendingList();
      let model: number[] = [];
      let top = 0;
      for (const { op, n } of steps) {
        if (op === 'push') {
          top += 1 + (n % 5);
          list.push(top);
          model.push(top);
        } else if (op === 'above') {
          list.dropAbove(n);
          model = model.filter((value) => value <= n);
          top = Math.min(top, n);
        } else {
          list.dropBelow(n);
          model = model.filter((value) => value >= n);
        }
      }
      expect(list.length).toBe(model.length);
      expect(list.last).toBe(model.at(-1));
      expect(model.map((_, i) => list.at(i))).toEqual(model);
      expect(list.countTo(probe)).toBe(model.filter((value) => value <= probe).length);
    }),
  );
});
