import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beats } from './transitions.ts';

describe('beats', () => {
  it('lets no older update undo a newer one: there is no cycle', () => {
    const state = fc.constantFrom('alive', 'suspect', 'down');
    const incarnation = fc.nat(3);
    fc.assert(
      fc.property(state, incarnation, state, incarnation, (a, i, b, j) => {
        if (beats(a, i, b, j) && b !== 'down')
          expect(beats(b, j, a, i) && a !== 'down').toBe(false);
        if (beats(a, i, b, j) && b !== 'down') expect(j).toBeGreaterThanOrEqual(i);
        expect(beats(a, i, a, i)).toBe(false);
      }),
    );
  });
});
