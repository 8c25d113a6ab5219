import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ReplayWindow, WINDOW } from './replay-window.ts';

it('agrees with a set of all numbers', () => {
  const steps = fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: -40, max: 40 }) },
      { weight: 2, arbitrary: fc.integer({ min: -WINDOW - 5, max: WINDOW + 5 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 ** 28 }) },
    ),
    { maxLength: 300 },
  );
  fc.assert(
    fc.property(steps, (moves) => {
      const window = new ReplayWindow();
      const model = new Set<number>();
      let highest = -1;
      let at = 0;
      for (const move of moves) {
        at = Math.max(0, at + move);
        const expected = model.has(at) || highest - at >= WINDOW;
        expect(window.seen(at)).toBe(expected);
        if (!expected) {
          window.add(at);
          model.add(at);
          highest = Math.max(highest, at);
          expect(window.seen(at)).toBe(true);
        }
      }
    }),
    { numRuns: 300 },
  );
});
