import {
  encodePacket,
  type Member,
  type Message,
  type NodeIdentity,
  type SwimCodec,
} from '@shoal/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BroadcastHandler } from '../src/dissemination/broadcast-queue.ts';
import {
  alive,
  type Bench,
  type FocaId,
  foca,
  focaBench,
  focaTraits,
  joined,
  node,
  shoal,
  textOf,
} from './harness.test-helper.ts';

const everything: BroadcastHandler<unknown, string> = {
  receive: (bytes) => (bytes.length > 3 ? textOf(bytes) : undefined),
};

function message<Id>(id: fc.Arbitrary<Id>, most: number, nack: boolean): fc.Arbitrary<Message<Id>> {
  const probeNumber = fc.integer({ min: 0, max: most });
  const plain = fc.constantFrom('announce', 'feed', 'gossip', 'broadcast', 'turnUndead');
  const targeted = nack ? ['pingReq', 'indirectAck', 'nack'] : ['pingReq', 'indirectAck'];
  return fc.oneof(
    fc.record({ type: plain }),
    fc.record({ type: fc.constantFrom('ping', 'ack'), probeNumber }),
    fc.record({ type: fc.constantFrom(...targeted), target: id, probeNumber }),
    fc.record({ type: fc.constantFrom('indirectPing', 'forwardedAck'), origin: id, probeNumber }),
  ) as fc.Arbitrary<Message<Id>>;
}

function member<Id>(id: fc.Arbitrary<Id>, most: number): fc.Arbitrary<Member<Id>> {
  const incarnation = fc.oneof(fc.nat(3), fc.integer({ min: 0, max: most }), fc.constant(most));
  return fc.oneof(
    fc.record({ id, incarnation, state: fc.constant('alive' as const) }),
    fc.record({
      id,
      incarnation,
      state: fc.constant('suspect' as const),
      suspector: fc.constantFrom(undefined, 'a:1', 'b:1', 'nobody:1', 'me:1'),
    }),
    fc.record({ id, incarnation, state: fc.constant('down' as const), left: fc.boolean() }),
  );
}

/**
 * Anything that a peer, good or bad, might put into a packet, as a function of the receiver's present
 * identity, which it is mostly addressed to.
 */
function packets<Id>(
  codec: SwimCodec<Id>,
  id: fc.Arbitrary<Id>,
): fc.Arbitrary<(self: Id) => Uint8Array> {
  return fc
    .record({
      src: id,
      srcIncarnation: fc.oneof(fc.nat(3), fc.integer({ min: 0, max: codec.maxIncarnation })),
      message: message(id, codec.maxProbeNumber, codec.lifeguard),
      members: fc.array(member(id, codec.maxIncarnation), { maxLength: 6 }),
      broadcasts: fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 3 }),
      dst: fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: id }),
    })
    .map(({ src, srcIncarnation, message: what, members, broadcasts, dst }) => {
      const bare = what.type === 'announce' || what.type === 'turnUndead';
      return (self) =>
        encodePacket(codec, {
          header: { src, srcIncarnation, dst: dst ?? self, message: what },
          members: bare || what.type === 'broadcast' ? [] : members,
          broadcasts: bare ? [] : broadcasts,
        });
    });
}

const shoalId: fc.Arbitrary<NodeIdentity> = fc
  .record({
    name: fc.constantFrom('me', 'me', 'a', 'b', 'c', 'd'),
    generation: fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: 1, max: 3 }) },
      { weight: 1, arbitrary: fc.constant(2 ** 48 - 1) },
    ),
    metadata: fc.constantFrom('', '', 'role=db'),
  })
  .map(({ name, generation, metadata }) => node(name, generation, metadata));

const focaId: fc.Arbitrary<FocaId> = fc.record({
  addr: fc.constantFrom('me', 'me', 'a', 'b', 'c', 'd'),
  bump: fc.integer({ min: 0, max: 3 }),
});

/** Checks what must hold whatever came in. */
function checkSound<Id>(one: Bench<Id>, address: (id: Id) => string): void {
  const { swim } = one;
  const stats = swim.stats();
  const all = [...swim.membershipState()];
  const active = [...swim.members()];
  expect(all.length).toBe(stats.active + stats.down);
  expect(active.length).toBe(stats.active);
  expect(new Set(all.map((m) => address(m.id))).size).toBe(all.length);
  expect(all.some((m) => address(m.id) === address(swim.identity))).toBe(false);
  expect(stats.queuedUpdates).toBeLessThanOrEqual(all.length + 1);
  // Down members and suspects have one deadline each, and the machine has a few of its own.
  expect(stats.timers).toBeLessThanOrEqual(all.length + 70);
  if (swim.state === 'active') expect(stats.active).toBeGreaterThan(0);
  if (swim.state === 'idle') expect(stats.active).toBe(0);
  if (swim.state === 'active') expect(swim.nextDeadline).toBeLessThan(Number.POSITIVE_INFINITY);
}

function bombard<Id>(
  make: () => Bench<Id>,
  id: fc.Arbitrary<Id>,
  address: (id: Id) => string,
): void {
  const step = fc.oneof(
    { weight: 6, arbitrary: packets(make().codec, id).map((packet) => ({ packet, ms: 0 })) },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 1, max: 5000 }).map((ms) => ({ packet: undefined, ms })),
    },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const one = make();
      const incarnations = new Map<Id, number>();
      for (const { packet, ms } of steps) {
        if (packet === undefined) {
          for (const event of one.run(ms).events) {
            if (event.type !== 'probeOverdue') continue;
            one.swim.probeAnswered(event.target, event.probeNumber, one.now);
          }
        } else {
          one.swim.receive(packet(one.swim.identity), one.now);
          // Decoding checks that every packet sent is valid and within the limit.
          one.drain();
        }
        const { identity, incarnation } = one.swim;
        expect(incarnation).toBeGreaterThanOrEqual(incarnations.get(identity) ?? 0);
        incarnations.set(identity, incarnation);
        checkSound(one, address);
      }
    }),
    { numRuns: 300 },
  );
}

describe('receive', () => {
  it('survives any sequence of valid packets, again and again', () => {
    bombard(
      () => joined(['a', 'b'], { broadcasts: everything }),
      shoalId,
      (id) => id.address,
    );
  });

  it("survives the same over foca's wire", () => {
    bombard(() => focaBench({ broadcasts: everything }), focaId, focaTraits.address);
  });

  it('never throws at mutated packets, and what it rejects changes nothing', () => {
    const mutation = fc.record({
      at: fc.nat(),
      how: fc.constantFrom('flip', 'set', 'cut', 'insert', 'tail'),
      value: fc.nat(255),
    });
    let rejected = 0;
    let taken = 0;
    fc.assert(
      fc.property(packets(shoal, shoalId), fc.array(mutation, { maxLength: 3 }), (packet, list) => {
        const one = joined(['a', 'b', 'c'], { broadcasts: everything });
        let mutated = packet(one.swim.identity);
        for (const { at, how, value } of list) {
          const i = at % Math.max(1, mutated.length);
          if (how === 'cut') mutated = mutated.slice(0, i);
          else if (how === 'insert')
            mutated = Uint8Array.of(...mutated.slice(0, i), value, ...mutated.slice(i));
          else if (how === 'tail') mutated = Uint8Array.of(...mutated, value);
          else {
            mutated = mutated.slice();
            if (i < mutated.length)
              mutated[i] = how === 'flip' ? mutated[i]! ^ (1 << (value & 7)) : value;
          }
        }
        const state = one.state();
        const misaddressed = one.swim.stats().misaddressed;
        one.swim.receive(mutated, one.now);
        const drained = one.drain();
        const whole = drained.rejected.filter(({ error }) => error.code !== 'broadcast');
        if (whole.length > 0 || one.swim.stats().misaddressed > misaddressed) {
          rejected++;
          expect(one.state()).toEqual(state);
          expect([drained.sent, drained.events]).toEqual([[], []]);
        } else taken++;
        for (const { error, bytes: given } of whole) {
          expect(given).toBe(mutated);
          expect(error.message).not.toBe('');
        }
      }),
      { numRuns: 3000 },
    );
    expect(rejected).toBeGreaterThan(500);
    expect(taken).toBeGreaterThan(300);
  });

  it('never throws at noise', () => {
    const one = joined(['a']);
    const other = focaBench();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1600 }), (bytes) => {
        const state = one.state();
        one.swim.receive(bytes, one.now);
        expect(one.drain().rejected.length).toBe(1);
        expect(one.state()).toEqual(state);
        other.swim.receive(bytes, other.now);
        other.drain();
      }),
      { numRuns: 1000 },
    );
    // A header alone is a valid packet: foca sends it when there is no room for a count.
    const bare = one.bytes(node('a'), { type: 'ping', probeNumber: 1 }).slice(0, -2);
    one.swim.receive(bare, one.now);
    expect(one.drain().sent[0]!.packet.header.message).toEqual({ type: 'ack', probeNumber: 1 });
    expect([shoal.name, foca.name]).toEqual(['shoal', 'foca']);
  });

  it('a count of 65,535 with nothing behind it allocates nothing', () => {
    const one = joined(['a']);
    const bytes = one.bytes(node('a'), { type: 'gossip' }, { members: [alive(node('z'))] });
    const at = one.bytes(node('a'), { type: 'gossip' }).length - 2;
    bytes[at] = 0xff;
    bytes[at + 1] = 0xff;
    one.swim.receive(bytes, one.now);
    expect(one.drain().rejected.map(({ error }) => error.code)).toEqual(['malformed']);
    expect(one.swim.activeCount).toBe(1);
  });
});
