import { describe, expect, it } from 'vitest';
import { lan, suspicionTimeout } from '../src/config.ts';
import {
  alive,
  type bench,
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

function stateOf(one: ReturnType<typeof bench>, name = 'a'): string | undefined {
  return one.swim.memberAt(`${name}:1`)?.state;
}

describe('suspicion and refutation', () => {
  it('at equal incarnations, suspect beats alive; alive needs a higher one', () => {
    const one = joined(['a', 'b']);
    one.gossip(b, alive(a, 3));
    one.gossip(b, suspect(a, 2));
    expect(stateOf(one)).toBe('alive');
    one.gossip(b, suspect(a, 3));
    expect(stateOf(one)).toBe('suspect');
    one.gossip(b, alive(a, 3));
    expect(stateOf(one)).toBe('suspect');
    const { events } = one.gossip(b, alive(a, 4));
    expect(stateOf(one)).toBe('alive');
    expect(types(events)).toEqual(['memberRefuted']);
  });

  it('a suspect needs a higher incarnation to be suspected anew', () => {
    const one = joined(['a', 'b']);
    one.gossip(b, suspect(a, 1));
    expect(types(one.gossip(b, suspect(a, 1)).events)).toEqual([]);
    expect(types(one.gossip(b, suspect(a, 2)).events)).toEqual(['memberSuspected']);
  });

  it('down beats all at any incarnation, and nothing beats down', () => {
    const one = joined(['a', 'b']);
    one.gossip(b, alive(a, 9));
    expect(types(one.gossip(b, down(a, 0)).events)).toEqual(['memberDown']);
    one.gossip(b, alive(a, 100));
    one.gossip(b, suspect(a, 100));
    expect(stateOf(one)).toBe('down');
  });

  it('a stale suspicion of this member changes nothing and sends nothing', () => {
    const one = joined(['a', 'b']);
    one.gossip(b, suspect(one.swim.identity, 4));
    expect(one.swim.incarnation).toBe(5);
    one.run(400);
    const before = one.swim.stats();
    one.gossip(b, alive(b, 0));
    const state = one.state();
    const { sent, events } = one.gossip(b, suspect(one.swim.identity, 4));
    expect(one.state()).toEqual(state);
    expect([sent, events]).toEqual([[], []]);
    expect(one.swim.stats().refutations).toBe(before.refutations);
  });

  it('a suspicion of this member makes it exceed the incarnation and gossip at once', () => {
    for (const suspected of [0, 7]) {
      const one = joined(['a', 'b', 'c', 'd']);
      const drained = one.gossip(b, suspect(one.swim.identity, suspected));
      expect(one.swim.incarnation).toBe(suspected + 1);
      expect(messages(drained)).toEqual(['gossip', 'gossip', 'gossip']);
      for (const { packet } of drained.sent) {
        expect(packet.header.srcIncarnation).toBe(suspected + 1);
      }
      const told = drained.sent.flatMap(({ packet }) => packet.members);
      expect(told.some((m) => m.id.address === 'me:1' && m.incarnation === suspected + 1)).toBe(
        true,
      );
    }
  });

  it('at the highest incarnation it renews its identity', () => {
    const one = joined(['a', 'b']);
    const { events } = one.gossip(b, suspect(one.swim.identity, 0xffff_ffff));
    expect(types(events)).toEqual(['rejoined']);
    expect(one.swim.identity.generation).toBe(2);
    expect(one.swim.incarnation).toBe(0);
    expect(one.swim.state).toBe('active');
  });

  it('at the highest incarnation it is defunct if it cannot renew itself', () => {
    const one = joined(['a', 'b'], { traits: unrenewable });
    const { events } = one.gossip(b, suspect(one.swim.identity, 0xffff_ffff));
    expect(events).toEqual([{ type: 'defunct', reason: 'declaredDown' }]);
    expect(one.swim.state).toBe('defunct');
  });

  it("two spoofed suspicions exhaust foca's 16 bits, but do not force a member out", () => {
    const one = focaBench();
    const peer = { addr: 'a', bump: 0 };
    one.gossip(peer);
    one.gossip(peer, suspect(one.swim.identity, 65_534));
    expect(one.swim.incarnation).toBe(65_535);
    const { events } = one.gossip(peer, suspect(one.swim.identity, 65_535));
    expect(types(events)).toEqual(['rejoined']);
    expect(one.swim.identity).toEqual({ addr: 'me', bump: 1 });
    expect(one.swim.state).toBe('active');
  });

  it('a header with a newer incarnation of its sender is a refutation', () => {
    const one = joined(['a', 'b']);
    one.gossip(b, suspect(a, 0));
    one.receive(a, { type: 'ping', probeNumber: 1 }, { incarnation: 0 });
    expect(stateOf(one)).toBe('suspect');
    const { events } = one.receive(a, { type: 'ping', probeNumber: 2 }, { incarnation: 1 });
    expect(types(events)).toEqual(['memberRefuted']);
    expect(stateOf(one)).toBe('alive');
  });

  it('a suspicion deadline acts only if the incarnation is the one it was set for', () => {
    const one = joined(['a', 'b']);
    const least = suspicionTimeout(lan(), 3);
    one.gossip(b, suspect(a, 0));
    one.run(least / 2);
    one.gossip(b, alive(a, 1), suspect(a, 1));
    const early = one.run(least / 2 + 1);
    expect(types(early.events)).not.toContain('memberDown');
    expect(stateOf(one)).toBe('suspect');
  });

  it('a suspect that does not refute is down when its time is over, and all learn of it', () => {
    const one = joined(['a', 'b']);
    one.gossip(b, suspect(a, 0));
    one.run(suspicionTimeout(lan(), 3) - 1);
    expect(stateOf(one)).toBe('suspect');
    const { events, sent } = one.run(300);
    expect(events.find((event) => event.type === 'memberDown')).toMatchObject({ reason: 'failed' });
    expect(messages({ sent, events, rejected: [] })).toContain('turnUndead');
    const news = sent.flatMap(({ packet }) => packet.members);
    expect(news).toContainEqual(expect.objectContaining({ id: a, state: 'down' }));
  });

  it('many suspicions of this member cause at most one burst a probe period', () => {
    const one = joined(['a', 'b', 'c', 'd', 'e']);
    let sent = 0;
    for (let i = 0; i < 50; i++) {
      sent += one.gossip(b, suspect(one.swim.identity, i * 2)).sent.length;
    }
    expect(sent).toBe(3);
    expect(one.swim.incarnation).toBe(99);
    one.now += one.config.probePeriod;
    one.swim.tick(one.now);
    one.drain();
    expect(messages(one.gossip(b, suspect(one.swim.identity, 500))).length).toBeLessThanOrEqual(3);
  });

  it('a restarted member that kept its identity takes over the incarnation that others know', () => {
    const one = joined(['a', 'b']);
    one.gossip(b, alive(one.swim.identity, 12));
    expect(one.swim.incarnation).toBe(12);
  });
});
