import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeded } from '../../test/harness.test-helper.ts';
import { AddressBook, NONE } from './address-book.ts';
import type { Slot } from './member-rows.ts';
import { MemberTable } from './member-table.ts';

describe('MemberTable', () => {
  it('keeps its sets consistent, and probes every member once a lap, under any churn', () => {
    const steps = fc.array(
      fc.record({
        member: fc.oneof(fc.nat(19), fc.nat(3)),
        incarnation: fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1),
        to: fc.constantFrom('alive', 'suspect', 'failed', 'left', 'gone', 'next', 'next', 'next'),
      }),
      { maxLength: 150, size: 'max' },
    );
    fc.assert(
      fc.property(fc.nat(), steps, (seed, list) => {
        const random = seeded(seed);
        const table = new MemberTable<string>((id) => id, new AddressBook(), random);
        for (const { member, incarnation, to } of list) {
          const address = `m${member}`;
          const slot = table.find(address);
          if (to === 'next') {
            const chosen = table.nextToProbe();
            expect(chosen === undefined).toBe(table.active.size === 0);
            if (chosen !== undefined) expect(table.isActive(chosen)).toBe(true);
          } else if (to === 'gone') {
            if (slot !== NONE) table.remove(slot);
          } else {
            const state = to === 'alive' || to === 'suspect' ? to : 'down';
            const facts = { id: address, incarnation, state, left: to === 'left' } as const;
            if (slot === NONE) table.add(facts);
            else table.change(slot, facts);
            const found = table.find(address);
            expect(table.id(found)).toBe(address);
            expect(table.incarnation(found)).toBe(incarnation);
            expect(table.state(found)).toBe(state);
            expect(table.hasLeft(found)).toBe(to === 'left');
          }
          const all = [...table.all()];
          expect(new Set(all).size).toBe(table.size);
          const names = (set: Iterable<Slot>): string[] =>
            [...set].map((one) => table.id(one)).sort();
          const standing = (wanted: string): Slot[] =>
            all.filter((one) => {
              const is = table.isActive(one) ? 'active' : table.hasLeft(one) ? 'left' : 'failed';
              return is === wanted;
            });
          expect(names(table.active)).toEqual(names(standing('active')));
          expect(names(table.failed)).toEqual(names(standing('failed')));
          expect(names(table.departed)).toEqual(names(standing('left')));
        }
        // Finish the lap, whatever its state, then every one of the next lap is different.
        const { size } = table.active;
        const probes = Array.from({ length: size * 3 }, () => table.id(table.nextToProbe()!));
        const counts = new Map<string, number>();
        for (const address of probes) counts.set(address, (counts.get(address) ?? 0) + 1);
        for (const count of counts.values()) expect(count).toBeLessThanOrEqual(4);
        expect(counts.size).toBe(size);
        const chosen = table.active.choose(5);
        expect(new Set(chosen).size).toBe(Math.min(5, size));
      }),
    );
  });

  it('draws each entry about equally often', () => {
    const random = seeded(7);
    const table = new MemberTable<number>((id) => `m${id}`, new AddressBook(), random);
    for (let id = 0; id < 10; id++) table.add({ id, incarnation: 0, state: 'alive', left: false });
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) {
      for (const slot of table.active.choose(3)) counts[table.id(slot)]!++;
    }
    for (const count of counts) expect(Math.abs(count - 3000)).toBeLessThan(200);
  });
});
