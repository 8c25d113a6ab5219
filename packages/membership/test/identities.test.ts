import type { Member, NodeIdentity } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import { lan } from '../src/config.ts';
import {
  alive,
  bench,
  down,
  joined,
  messages,
  node,
  suspect,
  types,
  unrenewable,
} from './harness.test-helper.ts';

const a = node('a');
const b = node('b');

describe('identities', () => {
  it('two that cannot renew themselves fall silent', () => {
    const x = bench({ identity: node('x'), traits: unrenewable });
    x.swim.applyMany([down(node('y'))], 1000);
    const drained = x.receive(node('y'), { type: 'turnUndead' });
    expect(types(drained.events)).toEqual(['defunct']);
    expect(drained.sent).toEqual([]);
    expect(x.receive(node('y'), { type: 'turnUndead' })).toMatchObject({ sent: [], events: [] });
  });

  it('a turnUndead, or an update that it is Down, makes a member renew its identity and rejoin', () => {
    for (const news of ['turnUndead', 'down'] as const) {
      const one = joined(['a', 'b']);
      const drained =
        news === 'down'
          ? one.gossip(a, down(one.swim.identity))
          : one.receive(a, { type: 'turnUndead' });
      expect(drained.events).toEqual([{ type: 'rejoined', identity: node('me', 2) }]);
      expect(messages(drained)).toEqual(['gossip', 'gossip']);
      expect(drained.sent[0]!.packet.header.src.generation).toBe(2);
      expect(drained.sent[0]!.packet.members).toContainEqual(
        expect.objectContaining({ id: node('me', 2), state: 'alive' }),
      );
    }
  });

  it('a member that cannot renew itself is defunct: it sends nothing until it is revived', () => {
    for (const renew of [() => undefined, (id: NodeIdentity) => id, () => node('other', 9)]) {
      const one = joined(['a', 'b'], { traits: { ...unrenewable, renew } });
      const drained = one.receive(a, { type: 'turnUndead' });
      expect(drained.events).toEqual([{ type: 'defunct', reason: 'declaredDown' }]);
      expect(one.swim.state).toBe('defunct');
      expect(one.receive(a, { type: 'ping', probeNumber: 1 }).sent).toEqual([]);
      expect(one.run(120_000).sent).toEqual([]);
      one.swim.updateIdentity(node('me', 5), one.now);
      expect(types(one.drain().events)).toEqual(['active']);
    }
  });

  it('an update about another identity at its own address counts as Down and is never listed', () => {
    const one = joined(['a', 'b'], { identity: node('me', 5) });
    for (const update of [alive(node('me', 3)), suspect(node('me', 3), 8), down(node('me', 4))]) {
      const { events } = one.gossip(a, update);
      expect(events).toEqual([]);
      expect(one.swim.memberAt('me:1')).toBeUndefined();
    }
    // A member that believes it hears about this one.
    const { packet } = one.until('gossip');
    expect(packet.members).toContainEqual(expect.objectContaining({ id: node('me', 5) }));
    expect(one.swim.identity.generation).toBe(5);
  });

  it('a member renews itself past an identity at its address that wins', () => {
    const one = joined(['a', 'b'], { identity: node('me', 5) });
    const { events } = one.gossip(a, alive(node('me', 100)));
    expect(types(events)).toEqual(['rejoined']);
    expect(one.swim.identity.generation).toBeGreaterThan(100);
    // Not again at once: two nodes with one address must not outbid each other without end.
    expect(one.gossip(a, alive(node('me', 200))).events).toEqual([]);
  });

  it('an unknown Down member is spread and forgotten in time, without a memberDown event', () => {
    const one = joined(['a', 'b']);
    expect(one.gossip(a, down(node('z'))).events).toEqual([]);
    expect(one.swim.memberAt('z:1')?.state).toBe('down');
    const { packet } = one.until('gossip');
    expect(packet.members).toContainEqual(
      expect.objectContaining({ id: node('z'), state: 'down' }),
    );
    one.run(lan().removeDownAfter);
    expect(one.swim.memberAt('z:1')).toBeUndefined();
  });

  it('tells another identity of an active member from one that comes up or goes down', () => {
    const one = joined(['a', 'b', 'c']);
    const step = (update: Member<NodeIdentity>): unknown[] => one.gossip(b, update).events;
    const is = (id: NodeIdentity, state: string): unknown => expect.objectContaining({ id, state });
    const [a1, a2, a3, a4, a5] = [1, 2, 3, 4, 5].map((generation) => node('a', generation));
    expect(step(alive(a2!))).toEqual([
      { type: 'memberUpdated', member: is(a2!, 'alive'), previous: a1 },
    ]);
    expect(step(down(a3!))).toEqual([
      { type: 'memberDown', member: is(a3!, 'down'), reason: 'failed', previous: a2 },
    ]);
    // It was down before and still is.
    expect(step(down(a4!))).toEqual([]);
    expect(step(alive(a5!))).toEqual([
      { type: 'memberUp', member: is(a5!, 'alive'), previous: a4 },
    ]);
    expect(step(alive(a4!, 9))).toEqual([]);
  });

  it('other metadata is an update, without a down or up', () => {
    const one = joined(['a', 'b']);
    const next = node('a', 2, 'role=db');
    const { events } = one.receive(next, { type: 'gossip' });
    expect(events).toEqual([{ type: 'memberUpdated', member: alive(next), previous: a }]);
    // A reference, or an older packet, does not remove it again.
    one.gossip(b, alive(a, 3), alive({ ...next, metadata: new Uint8Array(0) }, 1));
    expect(one.swim.memberAt('a:1')).toEqual(alive(next, 1));
  });

  it('a packet from a replaced identity is dropped whole, and it learns who replaced it', () => {
    const one = joined(['b']);
    const winner = node('a', 9);
    one.gossip(b, alive(winner));
    const known = [...one.swim.membershipState()];
    const drained = one.receive(node('a', 3), { type: 'gossip' }, { members: [down(b)] });
    expect([...one.swim.membershipState()]).toEqual(known);
    expect(messages(drained)).toEqual(['gossip', 'turnUndead']);
    expect(drained.sent[0]!.packet.members[0]).toEqual(alive(winner));
    // It then renews itself past the winner at once.
    const loser = bench({ identity: node('a', 3) });
    for (const { bytes } of drained.sent) loser.swim.receive(bytes, loser.now);
    expect(loser.swim.identity.generation).toBeGreaterThan(9);
  });
});
