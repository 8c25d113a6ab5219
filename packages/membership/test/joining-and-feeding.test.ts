import type { Member, NodeIdentity } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import { lan, simple, transmissionLimit } from '../src/config.ts';
import {
  alive,
  type Bench,
  bench,
  down,
  focaBench,
  joined,
  messages,
  node,
  suspect,
  types,
  unrenewable,
} from './harness.test-helper.ts';

const a = node('a');
const b = node('b');

function fed(one: Bench<NodeIdentity>, asker: NodeIdentity): string[] {
  const { sent } = one.receive(asker, { type: 'announce' });
  expect(sent[0]!.packet.header.message.type).toBe('feed');
  return sent[0]!.packet.members.map((member) => member.id.address);
}

describe('what is taken from whom', () => {
  it('10. a packet not addressed to us is dropped', () => {
    const one = joined(['a', 'b']);
    const state = one.state();
    const older = { ...one.swim.identity, generation: 0 };
    const packets = [b, older].map((dst) =>
      one.receive(a, { type: 'ping', probeNumber: 1 }, { dst, members: [down(b)] }),
    );
    for (const { sent, events } of packets) expect([sent, events]).toEqual([[], []]);
    expect(one.state()).toEqual(state);
    expect(one.swim.stats().misaddressed).toBe(2);
  });

  it('10. an Announce to an older identity of our address is answered', () => {
    const one = joined(['a', 'b']);
    const dst = { ...one.swim.identity, generation: 0 };
    const drained = one.receive(node('new'), { type: 'announce' }, { dst });
    expect(messages(drained)).toEqual(['feed']);
    expect(drained.sent[0]!.to.address).toBe('new:1');
    const elsewhere = one.receive(node('new'), { type: 'announce' }, { dst: b });
    expect(messages(elsewhere)).toEqual([]);
  });

  it('10. Feed lists active members, never the asker, never the dead', () => {
    const one = joined(['a', 'b', 'c', 'd']);
    one.gossip(a, suspect(b), down(node('c')));
    expect(fed(one, a).sort()).toEqual(['b:1', 'd:1']);
  });

  it('10. Feed is a fresh random subset each time, as many as fit', () => {
    const names = Array.from({ length: 300 }, (_, i) => `member-${i}`);
    const one = joined(names);
    const feeds = Array.from({ length: 12 }, () => fed(one, a));
    const record =
      one.bytes(a, { type: 'gossip' }, { members: [alive(node('member-100'))] }).length -
      one.bytes(a, { type: 'gossip' }, {}).length;
    for (const feed of feeds) {
      expect(new Set(feed).size).toBe(feed.length);
      expect(feed.length).toBeGreaterThan(1400 / record - 6);
    }
    const seen = new Set(feeds.flat());
    expect(seen.size).toBeGreaterThan(feeds[0]!.length * 3);
    expect(feeds[0]).not.toEqual(feeds[1]);
  });

  it('11. Announce and TurnUndead carry no payload', () => {
    const one = joined(['a', 'b']);
    one.gossip(a, alive(node('c')), suspect(b));
    one.swim.announce(node('d', 0), one.now);
    const { sent } = one.drain();
    const announce = sent.find(({ packet }) => packet.header.message.type === 'announce')!;
    expect(announce.packet.members).toEqual([]);
    expect(announce.bytes.length).toBe(
      one.bytes(one.swim.identity, { type: 'announce' }, { dst: node('d') }).length,
    );
    for (const type of ['announce', 'turnUndead'] as const) {
      const bytes = one.bytes(a, { type });
      for (const tail of [1, 2, 7]) {
        const state = one.state();
        one.swim.receive(new Uint8Array([...bytes, ...new Uint8Array(tail)]), one.now);
        expect(one.drain().rejected.map(({ error }) => error.code)).toEqual(['malformed']);
        expect(one.state()).toEqual(state);
      }
    }
  });

  it('11. a message from a Down member is answered with TurnUndead and otherwise ignored', () => {
    const one = joined(['a', 'b']);
    one.gossip(a, down(b));
    const state = one.state();
    const drained = one.receive(
      b,
      { type: 'ping', probeNumber: 1 },
      {
        incarnation: 50,
        members: [down(a), alive(node('c'))],
      },
    );
    expect(messages(drained)).toEqual(['turnUndead']);
    expect(drained.events).toEqual([]);
    expect(one.state()).toEqual(state);
  });

  it('11. two nodes that hold each other Down come back instead of flooding', () => {
    const pair = [bench({ identity: node('x') }), bench({ identity: node('y') })] as const;
    const [x, y] = pair;
    x.swim.applyMany([down(node('y'))], 1000);
    y.swim.applyMany([down(node('x'))], 1000);
    x.swim.announce(node('y'), 1000);
    let packets = 0;
    for (let round = 0; round < 20; round++) {
      for (const [from, to] of [
        [x, y],
        [y, x],
      ] as const) {
        for (const { bytes } of from.drain().sent) {
          packets++;
          to.swim.receive(bytes, 1000);
        }
      }
    }
    expect(packets).toBeLessThan(12);
    expect([...x.swim.members()]).toMatchObject([{ id: y.swim.identity, state: 'alive' }]);
    expect([...y.swim.members()]).toMatchObject([{ id: x.swim.identity, state: 'alive' }]);
  });

  it('11. two that cannot renew fall silent', () => {
    const x = bench({ identity: node('x'), traits: unrenewable });
    x.swim.applyMany([down(node('y'))], 1000);
    const drained = x.receive(node('y'), { type: 'turnUndead' });
    expect(types(drained.events)).toEqual(['defunct']);
    expect(drained.sent).toEqual([]);
    expect(x.receive(node('y'), { type: 'turnUndead' })).toMatchObject({ sent: [], events: [] });
  });

  it('12. on TurnUndead, or news of our own death, renew the identity and rejoin', () => {
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

  it('12. else become defunct and say so; a defunct node says nothing, and may be revived', () => {
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

  it('13. news about another identity of our address is taken as Down, never listed', () => {
    const one = joined(['a', 'b'], { identity: node('me', 5) });
    for (const update of [alive(node('me', 3)), suspect(node('me', 3), 8), down(node('me', 4))]) {
      const { events } = one.gossip(a, update);
      expect(events).toEqual([]);
      expect(one.swim.memberAt('me:1')).toBeUndefined();
    }
    // Those who believe it hear of us.
    const { packet } = one.until('gossip');
    expect(packet.members).toContainEqual(expect.objectContaining({ id: node('me', 5) }));
    expect(one.swim.identity.generation).toBe(5);
  });

  it('13. an identity of our address that wins over ours is outdone', () => {
    const one = joined(['a', 'b'], { identity: node('me', 5) });
    const { events } = one.gossip(a, alive(node('me', 100)));
    expect(types(events)).toEqual(['rejoined']);
    expect(one.swim.identity.generation).toBeGreaterThan(100);
    // Not at once again: two nodes with one address must not drive each other.
    expect(one.gossip(a, alive(node('me', 200))).events).toEqual([]);
  });

  it('14. an unknown member that is Down: spread, forgotten in time, no memberDown event', () => {
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

  it('15. a rename fires before up or down, and alone if liveness has not changed', () => {
    const one = joined(['a', 'b', 'c']);
    const step = (update: Member<NodeIdentity>): string[] => types(one.gossip(b, update).events);
    expect(step(alive(node('a', 2)))).toEqual(['memberUpdated']);
    expect(step(down(node('a', 3)))).toEqual(['memberUpdated', 'memberDown']);
    expect(step(down(node('a', 4)))).toEqual(['memberUpdated']);
    expect(step(alive(node('a', 5)))).toEqual(['memberUpdated', 'memberUp']);
    expect(step(alive(node('a', 4), 9))).toEqual([]);
  });

  it('15. other metadata is an update, without a down or up', () => {
    const one = joined(['a', 'b']);
    const next = node('a', 2, 'role=db');
    const { events } = one.receive(next, { type: 'gossip' });
    expect(events).toEqual([{ type: 'memberUpdated', member: alive(next), previous: a }]);
    // A reference, or an older packet, does not take it away again.
    one.gossip(b, alive(a, 3), alive({ ...next, metadata: new Uint8Array(0) }, 1));
    expect(one.swim.memberAt('a:1')).toEqual(alive(next, 1));
  });

  it('a packet from the loser of a conflict is dropped whole, and it is told who won', () => {
    const one = joined(['b']);
    const winner = node('a', 9);
    one.gossip(b, alive(winner));
    const known = [...one.swim.membershipState()];
    const drained = one.receive(node('a', 3), { type: 'gossip' }, { members: [down(b)] });
    expect([...one.swim.membershipState()]).toEqual(known);
    expect(messages(drained)).toEqual(['gossip', 'turnUndead']);
    expect(drained.sent[0]!.packet.members[0]).toEqual(alive(winner));
    // It then comes back past the winner at one go.
    const loser = bench({ identity: node('a', 3) });
    for (const { bytes } of drained.sent) loser.swim.receive(bytes, loser.now);
    expect(loser.swim.identity.generation).toBeGreaterThan(9);
  });

  it('16. a packet is filled as far as it goes; what does not fit gives way to what is smaller', () => {
    const config = { ...lan(), maxPacketSize: 300 };
    const one = joined(['a'], { config });
    const big = Array.from({ length: 5 }, (_, i) => alive(node(`big-${i}`, 1, 'x'.repeat(150))));
    const small = Array.from({ length: 30 }, (_, i) => alive(node(`s${i}`)));
    one.swim.applyMany([...big, ...small], one.now);
    const { sent } = one.run(200);
    const full = sent.filter(({ packet }) => packet.header.message.type === 'gossip');
    expect(full.length).toBeGreaterThan(0);
    for (const { bytes, packet } of full) {
      expect(bytes.length).toBeLessThanOrEqual(300);
      expect(bytes.length).toBeGreaterThan(300 - 16);
      expect(packet.members.filter((m) => m.id.metadata.length > 0).length).toBe(1);
      expect(packet.members.length).toBeGreaterThan(3);
    }
  });

  it('16. an update that no packet can carry is not queued', () => {
    const one = joined(['a'], { config: { ...lan(), maxPacketSize: 200 } });
    one.swim.applyMany([alive(node('huge', 1, 'x'.repeat(400)))], one.now);
    expect(one.swim.stats()).toMatchObject({ oversized: 1, queuedUpdates: 0, active: 2 });
  });

  it('17. updates are spread least-transmitted first, `transmissions` times at most', () => {
    const config = {
      ...simple(),
      maxPacketSize: 200,
      transmissions: { type: 'fixed', value: 4 },
    } as const;
    const one = joined(['a'], { config });
    const updates = Array.from({ length: 20 }, (_, i) => alive(node(`u${i}`)));
    one.swim.applyMany(updates, one.now);
    const counts = new Map<string, number>();
    let rounds = 0;
    while (one.swim.stats().queuedUpdates > 0) {
      one.swim.gossip(one.now);
      for (const { packet } of one.drain().sent) {
        expect(packet.members.length).toBeGreaterThan(0);
        for (const { id } of packet.members) {
          counts.set(id.address, (counts.get(id.address) ?? 0) + 1);
        }
        const values = updates.map(({ id }) => counts.get(id.address) ?? 0);
        expect(Math.max(...values) - Math.min(...values)).toBeLessThanOrEqual(1);
      }
      if (++rounds > 100) throw new Error('the backlog does not go away');
    }
    expect([...counts.values()]).toEqual(updates.map(() => 4));
  });

  it('17. a newer update about a member replaces the older one in the queue', () => {
    const one = joined(['a', 'b']);
    one.gossip(a, suspect(b, 1));
    one.gossip(a, alive(b, 2));
    expect(one.swim.stats().queuedUpdates).toBe(1);
    const { packet } = one.until('gossip');
    expect(packet.members).toEqual([alive(b, 2)]);
  });

  it('17. the limit follows the size of the cluster', () => {
    expect([1, 9, 99, 9999].map((n) => transmissionLimit(lan(), n))).toEqual([3, 4, 8, 16]);
    expect(transmissionLimit(simple(), 5000)).toBe(10);
  });

  it('packets of ourselves, and about ourselves, are refused', () => {
    const one = joined(['a']);
    const me = one.swim.identity;
    const own = one.receive({ ...me, generation: 77 }, { type: 'ping', probeNumber: 1 });
    expect(own.rejected.map(({ error }) => error.code)).toEqual(['own-address']);
    const indirect = one.receive(a, { type: 'pingReq', target: me, probeNumber: 1 });
    expect(indirect.rejected.map(({ error }) => error.code)).toEqual(['own-indirect']);
    const large = new Uint8Array(1401);
    one.swim.receive(large, one.now);
    expect(one.drain().rejected).toMatchObject([{ error: { code: 'too-large' }, bytes: large }]);
  });

  it('foca: joins, answers and refutes over its wire', () => {
    const one = focaBench();
    const peer = { addr: 'a', bump: 0 };
    const drained = one.receive(peer, { type: 'announce' });
    expect(types(drained.events)).toEqual(['memberUp', 'active']);
    expect(messages(drained)).toEqual(['feed']);
    const ping = one.receive(peer, { type: 'ping', probeNumber: 255 });
    expect(ping.sent[0]!.packet.header.message).toEqual({ type: 'ack', probeNumber: 255 });
    // Who says that it is down itself has left, though the wire cannot say so.
    const bye = one.gossip(peer, down(peer));
    expect(bye.events[0]).toMatchObject({ type: 'memberDown', reason: 'left' });
  });
});
