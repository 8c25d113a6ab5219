import { ByteWriter } from '@shoal/wire';
import { MAX_GENERATION } from '@shoal/wire/internal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { node, seeded } from '../test/harness.test-helper.ts';
import { Clock } from './clock.ts';
import {
  checkConfig,
  lan,
  local,
  type SwimConfig,
  simple,
  suspicionConfirmations,
  suspicionTimeout,
  transmissionLimit,
  wan,
} from './config.ts';
import { type Ticket, TransmissionQueue } from './dissemination/transmission-queue.ts';
import { AddressBook, NONE } from './members/address-book.ts';
import { nodeTraits, withMetadata } from './members/identity.ts';
import type { Slot } from './members/member-rows.ts';
import { MemberTable } from './members/member-table.ts';
import { beats } from './members/transitions.ts';
import { type Timer, TimerQueue } from './timer-queue.ts';

describe('TimerQueue', () => {
  it('gives out timers in order, whatever is scheduled, moved and cancelled', () => {
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
        const queue = new TimerQueue<Timer>();
        const timers = Array.from({ length: 30 }, () => ({ deadline: 0, heapIndex: -1 }));
        const model = new Map<Timer, number>();
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

describe('MemberTable', () => {
  it('keeps its sets in step, and probes everyone once a lap, under any churn', () => {
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
            const chosen = table.order.next();
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
          expect(names(table.order)).toEqual(names(standing('active')));
          expect(names(table.failed)).toEqual(names(standing('failed')));
          expect(names(table.departed)).toEqual(names(standing('left')));
        }
        // Finish the lap, whatever its state, then every one of the next lap is different.
        const { size } = table.active;
        const probes = Array.from({ length: size * 3 }, () => table.id(table.order.next()!));
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

describe('AddressBook', () => {
  it('numbers addresses without gaps for as long as someone uses them', () => {
    const steps = fc.array(fc.record({ address: fc.nat(9), claim: fc.boolean() }));
    fc.assert(
      fc.property(steps, (list) => {
        const book = new AddressBook<number>();
        const claims = new Map<string, number>();
        let most = 0;
        for (const { address: n, claim } of list) {
          const address = `a${n}`;
          const count = claims.get(address) ?? 0;
          if (claim) {
            const number = book.claim(address, n);
            expect(book.find(address)).toBe(number);
            expect(book.id(number)).toBe(n);
            claims.set(address, count + 1);
          } else {
            book.release(address);
            if (count > 0) claims.set(address, count - 1);
          }
          const used = [...claims].filter(([, claimed]) => claimed > 0).map(([one]) => one);
          const numbers = used.map((one) => book.find(one));
          expect(new Set(numbers).size).toBe(used.length);
          most = Math.max(most, used.length);
          for (const number of numbers) {
            expect(number).toBeGreaterThanOrEqual(0);
            expect(number).toBeLessThan(book.size);
          }
          expect(book.size).toBe(most);
          expect(book.find(address) === NONE).toBe(!used.includes(address));
        }
      }),
    );
  });
});

describe('TransmissionQueue', () => {
  it('agrees with a sorted list', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({
          do: fc.constant('add' as const),
          item: fc.nat(14),
          size: fc.integer({ min: 1, max: 30 }),
        }),
        fc.record({ do: fc.constant('remove' as const), item: fc.nat(14) }),
        fc.record({
          do: fc.constant('fill' as const),
          room: fc.nat(80),
          limit: fc.integer({ min: 1, max: 6 }),
        }),
      ),
      { maxLength: 80 },
    );
    fc.assert(
      fc.property(steps, fc.boolean(), (list, prefixed) => {
        const tickets = new Map<number, Ticket>();
        const dropped = (name: number, ticket: Ticket): void => {
          expect(tickets.get(name)).toBe(ticket);
          tickets.delete(name);
        };
        const queue = new TransmissionQueue(prefixed ? 2 : 0, dropped);
        const remove = (name: number): void => {
          const ticket = tickets.get(name);
          if (ticket !== undefined) queue.remove(ticket);
          tickets.delete(name);
        };
        // In the queue's order: by level, then by when they reached it.
        const contentOf = (one: { name: number; size: number }): number[] =>
          Array.from({ length: one.size }, (_, i) => (one.name * 16 + i) & 255);
        let model: { name: number; size: number; level: number; since: number }[] = [];
        let tick = 0;
        for (const step of list) {
          if (step.do === 'fill') {
            const writer = new ByteWriter();
            // What leaves because the limit fell does so when a fill comes across it.
            for (const one of model) if (one.level >= step.limit) remove(one.name);
            const written = queue.fill(writer, step.room, step.limit);
            const contents: number[] = [];
            let room = step.room;
            let expected = 0;
            model = model.filter((one) => one.level < step.limit);
            for (const one of [...model].sort((x, y) => x.level - y.level || x.since - y.since)) {
              const size = one.size + (prefixed ? 2 : 0);
              if (size > room) continue;
              room -= size;
              expected++;
              contents.push(...(prefixed ? [0, one.size] : []), ...contentOf(one));
              one.level++;
              one.since = ++tick;
              if (one.level >= step.limit) model = model.filter((other) => other !== one);
            }
            expect(written).toBe(expected);
            expect(writer.offset).toBe(step.room - room);
            expect([...writer.view()]).toEqual(contents);
          } else {
            model = model.filter((one) => one.name !== step.item);
            remove(step.item);
            if (step.do === 'add') {
              const item = { name: step.item, size: step.size, level: 0, since: ++tick };
              tickets.set(step.item, queue.add(step.item, Uint8Array.from(contentOf(item))));
              model.push(item);
            }
          }
          expect(queue.length).toBe(model.length);
          expect(queue.byteLength).toBe(model.reduce((sum, one) => sum + one.size, 0));
          expect([...tickets.keys()].sort()).toEqual(model.map((one) => one.name).sort());
        }
      }),
    );
  });
});

describe('transitions', () => {
  it('no update can be undone by an older one: there is no cycle', () => {
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

describe('Clock', () => {
  it('never goes back, and loses no more than the tolerance', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -100_000, max: 100_000 })), (jumps) => {
        const clock = new Clock(1000);
        let time = 5_000_000;
        clock.advance(time, Number.POSITIVE_INFINITY);
        let due = clock.now + 500;
        for (const jump of jumps) {
          time += jump;
          const before = clock.now;
          clock.advance(time, due);
          expect(clock.now).toBeGreaterThanOrEqual(before);
          expect(clock.now - Math.max(before, due)).toBeLessThanOrEqual(1000);
          expect(clock.outside(clock.now)).toBeCloseTo(time);
          if (due <= clock.now) due = clock.now + 500;
        }
      }),
    );
  });
});

describe('config', () => {
  it('has the defaults of the design', () => {
    expect(suspicionTimeout(simple(), 100)).toBe(3000);
    expect([5, 10, 100].map((n) => suspicionTimeout(lan(), n))).toEqual([4000, 4000, 8000]);
    expect(suspicionTimeout(wan(), 1000)).toBe(90_000);
    expect(suspicionTimeout(lan(100), 3)).toBe(8000);
    expect(transmissionLimit(local(), 99)).toBe(4);
    expect(transmissionLimit(lan(), 1e60)).toBe(240);
    expect(transmissionLimit(lan(), 1e70)).toBe(255);
    expect([2, 3, 4, 100].map((n) => suspicionConfirmations(lan(), n))).toEqual([0, 0, 2, 2]);
    expect(suspicionConfirmations(simple(), 100)).toBe(0);
  });

  it('refuses what cannot work, and says which setting it is', () => {
    for (const preset of [simple(), lan(), wan(), local()]) checkConfig(preset);
    const wrong: [Partial<SwimConfig>, string][] = [
      [{ probePeriod: 500 }, 'probePeriod'],
      [{ probeTimeout: 0 }, 'probeTimeout'],
      [{ probePeriod: Number.NaN }, 'probePeriod'],
      [{ indirectProbes: 1.5 }, 'indirectProbes'],
      [{ suspicion: { type: 'fixed', value: 0 } }, 'suspicion.value'],
      [{ suspicion: { type: 'scaled', multiplier: 0 } }, 'suspicion.multiplier'],
      [{ transmissions: { type: 'fixed', value: 256 } }, 'transmissions.value'],
      [{ gossip: { interval: 0, members: 1 } }, 'gossip.interval'],
      [{ announce: { interval: 10, members: 0 } }, 'announce.members'],
      [{ maxPacketSize: 65_508 }, 'maxPacketSize'],
      [{ removeDownAfter: Number.POSITIVE_INFINITY }, 'removeDownAfter'],
      [{ lifeguard: JSON.parse('null') }, 'lifeguard'],
      [{ lifeguard: JSON.parse('{"localHealth":true,"suspicion":true}') }, 'buddy'],
    ];
    for (const [change, name] of wrong) {
      expect(() => checkConfig({ ...lan(), ...change })).toThrow(name);
    }
  });
});

describe('nodeTraits', () => {
  it('renews to the next generation, with the same metadata', () => {
    expect(nodeTraits.renew(node('a', 5, 'x'))).toEqual(node('a', 6, 'x'));
    expect(nodeTraits.renew(node('a', 5), node('a', 3))).toEqual(node('a', 6));
    expect(withMetadata(node('a', 5), new Uint8Array([1])).generation).toBe(6);
  });

  it('past an earlier life, leaves out what that may have gone on to', () => {
    // It was told of generation 9000; the earlier life may have been 9001 as well, or 9002.
    const renewed = nodeTraits.renew(node('a', 5007), node('a', 9000))!;
    expect(nodeTraits.wins(renewed, node('a', 9000))).toBe(true);
    expect(renewed.generation).toBe(9001 + (5007 % 1024));
    // Two further lives take different ones.
    expect(nodeTraits.renew(node('a', 6100), node('a', 9000))).not.toEqual(renewed);
  });

  it('comes to an end with the last generation', () => {
    const last = node('a', MAX_GENERATION);
    expect(nodeTraits.renew(last)).toBeUndefined();
    expect(nodeTraits.renew(node('a', 1), last)).toBeUndefined();
    expect(() => withMetadata(last, new Uint8Array(0))).toThrow(RangeError);
    const lastButOne = node('a', MAX_GENERATION - 1);
    expect(nodeTraits.renew(node('a', 1000), lastButOne)).toEqual(last);
  });
});
