import type { NodeIdentity } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import { lan } from '../src/config.ts';
import { SwimError } from '../src/errors.ts';
import { withMetadata } from '../src/members/identity.ts';
import {
  alive,
  type Bench,
  down,
  joined,
  messages,
  node,
  suspect,
  types,
} from './harness.test-helper.ts';

const a = node('a');
const b = node('b');

function code(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof SwimError) return error.code;
    throw error;
  }
  return 'none';
}

/** Answers all pings that wait to be sent. Returns the addresses of the members that answered. */
function answerPings(one: Bench<NodeIdentity>): string[] {
  const pinged = [];
  for (const { to, packet } of one.drain().sent) {
    const { message } = packet.header;
    if (message.type !== 'ping') continue;
    pinged.push(to.address);
    one.swim.receive(one.bytes(to, { type: 'ack', probeNumber: message.probeNumber }), one.now);
  }
  return pinged;
}

describe('leaving', () => {
  it('sends its own Down to several members, in pings that they answer', () => {
    const one = joined(['a', 'b', 'c', 'd', 'e']);
    one.swim.leave(one.now);
    expect(one.swim.state).toBe('leaving');
    const { sent } = one.drain();
    expect(new Set(sent.map(({ to }) => to.address)).size).toBe(3);
    for (const { packet } of sent) {
      expect(packet.header.message.type).toBe('ping');
      expect(packet.members[0]).toEqual(down(one.swim.identity, 0, true));
    }
  });

  it('repeats it until enough members have answered, and is then defunct', () => {
    const one = joined(Array.from({ length: 40 }, (_, i) => `m${i}`));
    one.swim.leave(one.now);
    const told = new Set<string>();
    let rounds = 0;
    while (one.swim.state === 'leaving') {
      for (const address of answerPings(one)) told.add(address);
      one.now = Math.max(
        one.now,
        one.swim.nextDeadline === Number.POSITIVE_INFINITY ? 0 : one.swim.nextDeadline,
      );
      one.swim.tick(one.now);
      if (++rounds > 20) throw new Error('it does not end');
    }
    // floor(4 log10 42) = 6 have answered.
    expect(told.size).toBeGreaterThanOrEqual(6);
    expect(told.size).toBeLessThan(10);
    expect(one.now - 1000).toBeLessThan(1000);
    expect(one.swim.nextDeadline).toBe(Number.POSITIVE_INFINITY);
  });

  it('gives up when the time has passed', () => {
    const one = joined(['a', 'b']);
    one.swim.leave(one.now);
    one.drain();
    const early = one.run(400);
    expect(messages(early)).toContain('ping');
    expect(one.swim.state).toBe('leaving');
    const late = one.run(lan().leaveTimeout);
    expect(late.events).toEqual([{ type: 'defunct', reason: 'left' }]);
    expect(one.run(600_000).sent).toEqual([]);
  });

  it('takes a turnUndead for an answer, and does not come back', () => {
    const one = joined(['a']);
    one.swim.leave(one.now);
    one.drain();
    const { events } = one.receive(a, { type: 'turnUndead' });
    expect(events).toEqual([{ type: 'defunct', reason: 'left' }]);
    expect(one.swim.identity.generation).toBe(1);
  });

  it('does not refute a suspicion', () => {
    const one = joined(['a', 'b']);
    one.swim.leave(one.now);
    one.drain();
    one.gossip(a, suspect(one.swim.identity, 0), down(one.swim.identity));
    expect(one.swim.incarnation).toBe(0);
    expect(one.swim.state).toBe('leaving');
  });

  it('is over at once while alone; a second call does nothing', () => {
    const one = joined([]);
    one.swim.leave(one.now);
    expect(one.drain().events).toEqual([{ type: 'defunct', reason: 'left' }]);
    one.swim.leave(one.now);
    expect(one.drain().events).toEqual([]);
    expect(code(() => one.swim.announce(a, one.now))).toBe('state');
  });

  it('is seen as left, not as failed', () => {
    const one = joined(['a', 'b', 'c']);
    const left = one.gossip(a, down(b, 0, true)).events;
    const failed = one.gossip(a, down(node('c'))).events;
    expect(left).toMatchObject([{ type: 'memberDown', reason: 'left', member: { left: true } }]);
    expect(failed).toMatchObject([{ type: 'memberDown', reason: 'failed' }]);
    // The reason is passed on as well.
    const { packet } = one.until('gossip');
    expect(packet.members).toContainEqual(expect.objectContaining({ id: b, left: true }));
  });

  it('overrides failed, which never overrides it', () => {
    const one = joined(['a', 'b', 'c']);
    one.gossip(a, down(b));
    one.run(500);
    const { events } = one.gossip(a, down(b, 0, true));
    expect(events).toEqual([]);
    expect(one.swim.memberAt('b:1')).toEqual(down(b, 0, true));
    const { packet } = one.until('gossip');
    expect(packet.members).toEqual([down(b, 0, true)]);
    one.gossip(a, down(b));
    expect(one.swim.memberAt('b:1')).toEqual(down(b, 0, true));
  });

  it('overrides failed without being remembered for longer', () => {
    const one = joined(['a'], { config: { ...lan(), removeDownAfter: 100_000 } });
    const forgottenAt = one.now + 100_000;
    one.swim.applyMany([down(b)], one.now);
    one.run(500);
    one.swim.applyMany([down(b, 0, true)], one.now);
    one.run(forgottenAt - one.now - 1);
    expect(one.swim.memberAt('b:1')).toBeDefined();
    one.run(2);
    expect(one.swim.memberAt('b:1')).toBeUndefined();
  });

  it('gets an answer from the members that it tells', () => {
    const one = joined(['a']);
    const drained = one.receive(
      a,
      { type: 'ping', probeNumber: 7 },
      { members: [down(a, 0, true)] },
    );
    expect(types(drained.events)).toEqual(['memberDown', 'idle']);
    expect(messages(drained)).toEqual(['ack']);
  });
});

describe('coming back', () => {
  it('failed members are contacted, even when there are no others', () => {
    const one = joined(['a', 'b']);
    one.swim.applyMany([down(a), down(b)], one.now);
    one.drain();
    expect(one.swim.state).toBe('idle');
    const { sent } = one.run(60 * 60_000);
    const called = sent.filter(({ packet }) => packet.header.message.type === 'announce');
    expect(new Set(called.map(({ to }) => to.address))).toEqual(new Set(['a:1', 'b:1']));
    expect(called.length).toBeGreaterThan(100);
    expect(called.length).toBeLessThan(125);
  });

  it('members that left are not contacted', () => {
    const one = joined(['a']);
    one.receive(a, { type: 'gossip' }, { members: [down(a, 0, true)] });
    expect(one.run(60 * 60_000).sent).toEqual([]);
  });

  it('members that turn out to have left are no longer contacted', () => {
    const one = joined(['a']);
    one.swim.applyMany([down(a)], one.now);
    one.swim.applyMany([down(a, 0, true)], one.now);
    one.drain();
    expect(one.run(60 * 60_000).sent).toEqual([]);
  });
});

describe('time', () => {
  it('a paused process suspects nobody; the gap counts against its local health', () => {
    const one = joined(['a', 'b', 'c', 'd']);
    one.gossip(a, suspect(b), suspect(node('c')));
    one.until('ping');
    const { localHealth } = one.swim.stats();
    one.now += 3_600_000;
    one.swim.tick(one.now);
    const { events } = one.drain();
    expect(events).toEqual([{ type: 'paused', ms: expect.closeTo(3_600_000, -4) }]);
    expect(one.swim.activeCount).toBe(4);
    expect(one.swim.stats()).toMatchObject({ gaps: 1, localHealth: localHealth + 1 });
    // The suspicions continue where they were.
    expect(types(one.run(2000).events)).not.toContain('memberDown');
  });

  it('so does one that first receives a packet after the pause', () => {
    const one = joined(['a', 'b', 'c', 'd']);
    one.until('ping');
    one.now += 86_400_000;
    expect(types(one.receive(a, { type: 'gossip' }).events)).toEqual(['paused']);
    expect(one.swim.stats().gaps).toBe(1);
    one.swim.tick(one.now);
    expect(types(one.drain().events)).toEqual([]);
    expect(one.swim.nextDeadline).toBeGreaterThanOrEqual(one.now);
    expect(one.swim.nextDeadline).toBeLessThan(one.now + 10_000);
  });

  it('a clock that is set back stops nothing', () => {
    const one = joined(['a', 'b']);
    one.until('ping');
    one.now -= 50_000_000;
    one.swim.tick(one.now);
    expect(one.swim.nextDeadline).toBeLessThan(one.now + 2000);
    expect(types(one.run(3000).events)).toContain('probe');
  });

  it('an early tick does nothing', () => {
    const one = joined(['a', 'b']);
    const state = one.state();
    for (let i = 0; i < 10; i++) one.swim.tick(one.now);
    expect(one.state()).toEqual(state);
    expect(one.drain().sent).toEqual([]);
  });

  it('a time that is not finite is refused', () => {
    const one = joined(['a', 'b']);
    for (const time of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(code(() => one.swim.tick(time))).toBe('time');
    }
  });
});

describe('a new identity', () => {
  it('with other metadata is an update for others, without a down or up', () => {
    const one = joined(['a', 'b']);
    const other = joined(['me'], { identity: b });
    const next = withMetadata(one.swim.identity, new TextEncoder().encode('load=3'));
    one.swim.updateIdentity(next, one.now);
    const { sent, events } = one.drain();
    expect(events).toEqual([]);
    for (const { to, bytes } of sent)
      if (to.address === 'b:1') other.swim.receive(bytes, other.now);
    expect(types(other.drain().events)).toEqual(['memberUpdated']);
    expect([...other.swim.members()]).toEqual([alive(next)]);
  });

  it('at another address leaves the old one', () => {
    const one = joined(['a', 'b']);
    one.swim.updateIdentity(node('moved', 1), one.now);
    const { sent } = one.drain();
    expect(sent[0]!.packet.header.src).toEqual(node('moved'));
    expect(sent[0]!.packet.members).toContainEqual(down(node('me'), 0, true));
    expect(one.swim.memberAt('moved:1')).toBeUndefined();
  });

  it('is refused unless it wins, with nothing changed', () => {
    const one = joined(['a', 'b'], { identity: node('me', 5) });
    const state = one.state();
    const huge = { ...node('me', 6), metadata: new Uint8Array(600) };
    for (const id of [node('me', 5), node('me', 4), node('a', 9), huge, node('me', -1)]) {
      expect(code(() => one.swim.updateIdentity(id, one.now))).toBe('identity');
    }
    expect(code(() => one.swim.announce(huge, one.now))).toBe('identity');
    expect(code(() => one.swim.announce(node('x'.repeat(300)), one.now))).toBe('identity');
    expect(code(() => one.swim.applyMany([alive(node('c')), alive(huge)], one.now))).toBe(
      'identity',
    );
    expect(one.state()).toEqual(state);
    expect(one.drain().sent).toEqual([]);
  });
});
