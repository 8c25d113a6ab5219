import type { NodeIdentity } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import {
  alive,
  type Bench,
  bench,
  type Drained,
  down,
  focaBench,
  joined,
  messages,
  node,
  suspect,
  types,
} from './harness.test-helper.ts';

const a = node('a');
const b = node('b');

/** What each packet of a feed says, that a member gets which has proved its address. */
function fed(one: Bench<NodeIdentity>, asker: NodeIdentity): string[][] {
  const { sent } = one.receive(asker, { type: 'announce' });
  return sent.map(({ packet }) => {
    expect(packet.header.message.type).toBe('feed');
    return packet.members.map((member) => member.id.address);
  });
}

/** Lets who announces prove its address, and returns what it gets then. */
function prove<Id>(one: Bench<Id>, asker: Id): Drained<Id> {
  const { sent } = one.receive(asker, { type: 'announce' });
  const { probeNumber } = sent[0]!.packet.header.message as { probeNumber: number };
  return one.receive(asker, { type: 'ack', probeNumber });
}

describe('messages', () => {
  it('a packet for another identity is dropped', () => {
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

  it.each([
    ['an older identity', { ...node('one'), generation: 0 }],
    ['another address', b],
  ])('an announce is answered whatever it was sent to: %s', (_name, dst) => {
    const one = joined(['a', 'b']);
    prove(one, a);
    const drained = one.receive(a, { type: 'announce' }, { dst });
    expect(messages(drained)).toEqual(['feed']);
    expect(drained.sent[0]!.to.address).toBe('a:1');
  });

  it('a stranger that announces is a member, and fed, once it has answered a ping', () => {
    const one = joined(['a', 'b']);
    const stranger = node('new');
    const first = one.receive(stranger, { type: 'announce' });
    expect(messages(first)).toEqual(['ping']);
    expect(one.swim.memberAt('new:1')).toBeUndefined();
    const message = first.sent[0]!.packet.header.message as { probeNumber: number };
    const wrong = one.receive(stranger, { type: 'announce' });
    expect(wrong.sent[0]!.packet.header.message).toEqual(message);
    const { probeNumber } = message;
    const ack = one.receive(stranger, { type: 'ack', probeNumber });
    expect(types(ack.events)).toEqual(['memberUp']);
    expect(messages(ack)).toEqual(['feed']);
    // The same ack again is an ack of a member, and feeds nobody.
    expect(messages(one.receive(stranger, { type: 'ack', probeNumber }))).toEqual([]);
  });

  it('a feed lists active members, but neither the asker nor Down members', () => {
    const one = joined(['a', 'b', 'c', 'd']);
    one.gossip(a, suspect(b), down(node('c')));
    prove(one, a);
    expect(fed(one, a)).toEqual([expect.arrayContaining(['b:1', 'd:1'])]);
    expect(fed(one, a)[0]!.length).toBe(2);
  });

  it('a member that was known, but has not proved its address, is asked for a proof first', () => {
    const one = joined(['a', 'b']);
    expect(messages(one.receive(a, { type: 'announce' }))).toEqual(['ping']);
    expect(messages(prove(one, a))).toEqual(['feed']);
    expect(messages(one.receive(a, { type: 'announce' }))).toEqual(['feed']);
  });

  describe('in a cluster of 300', () => {
    const names = Array.from({ length: 300 }, (_, i) => `member-${i}`);
    const asker = node('asker');
    const record = (one: Bench<NodeIdentity>): number =>
      one.bytes(a, { type: 'gossip' }, { members: [alive(node('member-100'))] }).length -
      one.bytes(a, { type: 'gossip' }, {}).length;

    it('a newcomer is told all members, each once', () => {
      const one = joined(names);
      const { sent } = prove(one, asker);
      expect(new Set(sent.map(({ packet }) => packet.header.message.type))).toEqual(
        new Set(['feed']),
      );
      const told = sent.flatMap(({ packet }) => packet.members.map(({ id }) => id.address));
      expect(told.sort()).toEqual(names.map((name) => `${name}:1`).sort());
      expect(sent.length).toBeLessThanOrEqual(Math.ceil((300 * record(one)) / 1350));
      expect(fed(one, asker).flat().length).toBe(300);
    });

    it('later it gets a new random sample each time, as large as fits', () => {
      const one = joined(names);
      prove(one, asker);
      one.run(10_001);
      const feeds = Array.from({ length: 12 }, () => fed(one, asker));
      for (const feed of feeds) {
        expect(feed.length).toBe(1);
        expect(new Set(feed[0]).size).toBe(feed[0]!.length);
        expect(feed[0]!.length).toBeGreaterThan(1400 / record(one) - 6);
      }
      const first = feeds[0]![0]!;
      expect(new Set(feeds.flat(2)).size).toBeGreaterThan(first.length * 3);
      expect(first).not.toEqual(feeds[1]![0]);
    });

    it('no newcomer is sent more than eight packets', () => {
      const many = Array.from({ length: 1000 }, (_, i) => `member-${i}`);
      expect(prove(joined(many), asker).sent.length).toBe(8);
    });
  });

  it('announce and turnUndead carry no updates', () => {
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
        // Zeros after an announce are its padding.
        one.swim.receive(new Uint8Array([...bytes, ...new Uint8Array(tail).fill(1)]), one.now);
        expect(one.drain().rejected.map(({ error }) => error.code)).toEqual(['malformed']);
        expect(one.state()).toEqual(state);
      }
    }
  });

  it('a message from a Down member is answered with turnUndead and otherwise ignored', () => {
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

  it('two members that hold each other Down come back, and do not flood each other', () => {
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

  it('packets from this member itself, or about probes of itself, are refused', () => {
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

  it("joins, answers and refutes in foca's protocol", () => {
    const one = focaBench();
    const peer = { addr: 'a', bump: 0 };
    const { sent } = one.receive(peer, { type: 'announce' });
    const { probeNumber } = sent[0]!.packet.header.message as { probeNumber: number };
    const drained = one.receive(peer, { type: 'ack', probeNumber });
    expect(types(drained.events)).toEqual(['memberUp', 'active']);
    expect(messages(drained)).toEqual(['feed']);
    const ping = one.receive(peer, { type: 'ping', probeNumber: 255 });
    expect(ping.sent[0]!.packet.header.message).toEqual({ type: 'ack', probeNumber: 255 });
    // A member that says that it is down has left, though foca's protocol cannot say so.
    const bye = one.gossip(peer, down(peer));
    expect(bye.events[0]).toMatchObject({ type: 'memberDown', reason: 'left' });
  });
});
