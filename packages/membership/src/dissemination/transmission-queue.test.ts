import { ByteWriter } from '@shoal/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ticket, TransmissionQueue } from './transmission-queue.ts';

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
        const onSpent = (name: number, ticket: Ticket): void => {
          expect(tickets.get(name)).toBe(ticket);
          tickets.delete(name);
        };
        const queue = new TransmissionQueue({ prefixed, onSpent });
        const remove = (name: number): void => {
          const ticket = tickets.get(name);
          if (ticket !== undefined) queue.remove(ticket);
          tickets.delete(name);
        };
        const contentOf = (one: { name: number; size: number }): number[] =>
          Array.from({ length: one.size }, (_, i) => (one.name * 16 + i) & 255);
        // In the queue's order: by level, then by when they reached it.
        let model: { name: number; size: number; level: number; since: number }[] = [];
        let tick = 0;
        for (const step of list) {
          if (step.do === 'fill') {
            const writer = new ByteWriter();
            // Items above a limit that has dropped leave when a fill reaches them.
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
