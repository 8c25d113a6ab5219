import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MemberRows } from './member-rows.ts';
import { DenseSet } from './member-sets.ts';

it('a dense set keeps its members and their places, however they are drawn and swapped', () => {
  const step = fc.record({
    type: fc.constantFrom('add', 'remove', 'draw', 'swap'),
    i: fc.nat({ max: 15 }),
    j: fc.nat({ max: 15 }),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.double({ min: 0, max: 0.999 }),
      (steps, r) => {
        const rows = new MemberRows();
        rows.grow(16);
        const set = new DenseSet(rows, () => r);
        const expected = new Set<number>();
        for (const { type, i, j } of steps) {
          if (type === 'add' && !expected.has(i)) {
            set.add(i);
            expected.add(i);
          } else if (type === 'remove' && expected.delete(i)) set.remove(i);
          else if (type === 'draw' && i < set.size) expect(expected.has(set.draw(i))).toBe(true);
          else if (type === 'swap' && i < set.size && j < set.size) {
            const before = [...set];
            set.swap(i, j);
            const after = [...set];
            expect([after[i], after[j]]).toEqual([before[j], before[i]]);
          }
          expect([...set].sort()).toEqual([...expected].sort());
          expect(set.size).toBe(expected.size);
        }
        // Removing works by the places that the rows hold.
        for (const slot of expected) set.remove(slot);
        expect([...set]).toEqual([]);
      },
    ),
  );
});
