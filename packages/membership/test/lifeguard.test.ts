import type { NodeIdentity } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import { lan, suspicionTimeout } from '../src/config.ts';
import {
  alive,
  type Bench,
  focaBench,
  joined,
  messages,
  node,
  suspect,
  types,
} from './harness.test-helper.ts';

const a = node('a');
const b = node('b');
const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const least = suspicionTimeout(lan(), names.length + 1);

/** Runs until `address` is down. Returns the number of ms that took, or undefined. */
function downAfter(one: Bench<NodeIdentity>, address: string, limit: number): number | undefined {
  const start = one.now;
  while (one.now - start < limit) {
    const { events } = one.run(10);
    if (events.some((e) => e.type === 'memberDown' && e.member.id.address === address)) {
      return one.now - start;
    }
  }
  return undefined;
}

/** Answers all pings, so that nobody else is suspected. */
function keepAlive(one: Bench<NodeIdentity>, but: string, ms: number): string[] {
  const seen: string[] = [];
  const end = one.now + ms;
  while (one.swim.nextDeadline <= end) {
    one.now = Math.max(one.now, one.swim.nextDeadline);
    one.swim.tick(one.now);
    const { sent, events } = one.drain();
    seen.push(...types(events));
    for (const { to, packet } of sent) {
      const { message } = packet.header;
      if (message.type !== 'ping' || to.address === but) continue;
      one.swim.receive(one.bytes(to, { type: 'ack', probeNumber: message.probeNumber }), one.now);
      seen.push(...types(one.drain().events));
    }
  }
  one.now = end;
  return seen;
}

describe('suspicion that shrinks', () => {
  it('lasts six times the shortest time with one suspector', () => {
    const one = joined(names);
    one.gossip(b, suspect(a, 0, 'b:1'));
    expect(keepAlive(one, 'a:1', 2 * least)).not.toContain('memberDown');
    expect(one.swim.memberAt('a:1')?.state).toBe('suspect');
  });

  it('lasts the shortest time with two more suspectors that are members', () => {
    const one = joined(names);
    one.gossip(b, suspect(a, 0, 'b:1'));
    one.gossip(node('c'), suspect(a, 0, 'c:1'));
    one.gossip(node('c'), suspect(a, 0, 'd:1'));
    const lasted = downAfter(one, 'a:1', least * 7)!;
    expect(lasted).toBeGreaterThanOrEqual(least);
    expect(lasted).toBeLessThan(least + 50);
  });

  it('follows max - (max - min) ln(C + 1) / ln(K + 1) with one more', () => {
    const one = joined(names);
    one.gossip(b, suspect(a, 0, 'b:1'));
    one.gossip(node('c'), suspect(a, 0, 'c:1'));
    const expected = 6 * least - (5 * least * Math.log(2)) / Math.log(3);
    expect(one.swim.memberAt('a:1')?.state).toBe('suspect');
    const seen = keepAlive(one, '', expected - 20);
    expect(seen).not.toContain('memberDown');
    expect(keepAlive(one, '', 40)).toContain('memberDown');
  });

  it('is not shortened by the same suspector twice, by made-up ones, or by the suspect itself', () => {
    const one = joined(names);
    one.gossip(b, suspect(a, 0, 'b:1'));
    for (const suspector of ['b:1', 'nobody:1', 'ghost:1', 'a:1', undefined]) {
      one.gossip(b, suspect(a, 0, suspector));
    }
    expect(keepAlive(one, '', 3 * least)).not.toContain('memberDown');
  });

  it('two spoofed suspicions do not force a node out: it has time to refute', () => {
    const one = joined(names);
    one.gossip(b, suspect(a, 0, 'c:1'), suspect(a, 0, 'd:1'), suspect(a, 0, 'e:1'));
    expect(keepAlive(one, 'a:1', least - 100)).not.toContain('memberDown');
    one.receive(a, { type: 'gossip' }, { incarnation: 1 });
    expect(keepAlive(one, '', 7 * least)).not.toContain('memberDown');
    expect(one.swim.memberAt('a:1')).toEqual(alive(a, 1));
  });

  it('a further suspicion is passed on, so that others can count it', () => {
    const one = joined(names);
    one.gossip(b, suspect(a, 0, 'b:1'));
    keepAlive(one, 'a:1', 2000);
    expect(one.swim.stats().queuedUpdates).toBe(0);
    one.gossip(node('c'), suspect(a, 0, 'c:1'));
    const { packet } = one.until('gossip');
    expect(packet.members).toEqual([suspect(a, 0, 'c:1')]);
  });

  it('starts from gossip as well; without Lifeguard only from a failed probe of this member', () => {
    const foca = focaBench();
    const peers = ['a', 'b', 'c'].map((addr) => ({ addr, bump: 0 }));
    for (const peer of peers) foca.receive(peer, { type: 'gossip' });
    const target = foca.until('ping').to;
    const other = peers.find((peer) => peer.addr !== target.addr)!;
    foca.gossip(target, suspect(other));
    const start = foca.now;
    const { events } = foca.run(60_000);
    const fell = events.find((e) => e.type === 'memberDown');
    expect(fell?.type).toBe('memberDown');
    expect(foca.now - start).toBe(60_000);
    // `other` falls only after a probe of ours has failed.
    const order = events.flatMap((e) =>
      e.type === 'probe' && e.target.addr === other.addr
        ? ['probe']
        : e.type === 'memberDown' && e.member.id.addr === other.addr
          ? ['down']
          : [],
    );
    expect(order[0]).toBe('probe');
    expect(order).toContain('down');
  });
});

describe('local health', () => {
  it('rises by 1 for a failed probe or a refutation, falls by 1 for a good probe, within 0..7', () => {
    const one = joined(['a']);
    const health = (): number => one.swim.stats().localHealth;
    one.gossip(a, suspect(one.swim.identity, 0));
    expect(health()).toBe(1);
    one.until('ping');
    one.until('ping');
    expect(health()).toBe(2);
    for (let i = 1; i < 20; i++) one.gossip(a, suspect(one.swim.identity, i));
    expect(health()).toBe(7);
    const { to, packet } = one.until('ping');
    const { message } = packet.header;
    if (message.type !== 'ping') throw new Error('not a ping');
    one.receive(to, { type: 'ack', probeNumber: message.probeNumber });
    expect(health()).toBe(6);
  });

  it('multiplies the probe period and timeout by the score + 1', () => {
    const one = joined(names);
    one.until('ping');
    for (let i = 0; i < 3; i++) one.gossip(a, suspect(one.swim.identity, i));
    const first = one.until('ping');
    const start = one.now;
    // The failed probe has cost three more: three helpers, and no nacks.
    expect(one.swim.stats().localHealth).toBe(6);
    one.until('pingReq');
    expect(one.now - start).toBe(lan().probeTimeout * 7);
    one.until('ping');
    expect(one.now - start).toBe(lan().probePeriod * 7);
    expect(first.to.address).toBeDefined();
  });

  it('is spared by nacks, and raised by missing ones', () => {
    for (const nacks of [0, 1, 2, 3]) {
      const one = joined(names);
      const target = one.until('ping').to;
      const requests = one
        .run(lan().probeTimeout)
        .sent.filter(({ packet }) => packet.header.message.type === 'pingReq');
      for (const { to, packet } of requests.slice(0, nacks)) {
        const { message } = packet.header;
        if (message.type !== 'pingReq') throw new Error('not a request');
        for (let twice = 0; twice < 2; twice++) {
          one.receive(to, { type: 'nack', target, probeNumber: message.probeNumber });
        }
      }
      one.until('ping');
      expect(one.swim.stats().localHealth).toBe(3 - nacks);
      expect(one.swim.memberAt(target.address)?.state).toBe('suspect');
    }
  });

  it('a helper sends a nack after 80% of the remaining time, unless the target has answered', () => {
    const one = joined(['a', 'b', 'c']);
    one.receive(a, { type: 'pingReq', target: b, probeNumber: 5 });
    one.receive(a, { type: 'pingReq', target: node('c'), probeNumber: 6 });
    one.receive(node('c'), { type: 'indirectAck', target: a, probeNumber: 6 });
    const start = one.now;
    const { to, packet } = one.until('nack');
    expect(to).toEqual(a);
    expect(packet.header.message).toMatchObject({ target: b, probeNumber: 5 });
    expect(one.now - start).toBe(400);
    const more = one.run(1000);
    expect(messages(more)).not.toContain('nack');
  });

  it('a helper owes a bounded number of nacks', () => {
    const one = joined(['a', 'b', 'c']);
    for (let i = 0; i < 500; i++) {
      one.receive(a, { type: 'pingReq', target: node(`x${i}`), probeNumber: i });
    }
    expect(one.swim.stats().timers).toBeLessThan(80);
  });

  it('stays at 0 when Lifeguard is off, as with foca', () => {
    const one = focaBench();
    one.receive({ addr: 'a', bump: 0 }, { type: 'gossip' });
    one.gossip({ addr: 'a', bump: 0 }, suspect(one.swim.identity, 0));
    one.run(5000);
    expect(one.swim.stats().localHealth).toBe(0);
    const off = joined(['a'], { config: { ...lan(), lifeguard: false } });
    off.gossip(a, suspect(off.swim.identity, 0));
    expect(off.swim.stats().localHealth).toBe(0);
  });
});

describe('buddy system', () => {
  it('a ping to a suspect says so before anything else', () => {
    const one = joined(names);
    one.gossip(b, suspect(a, 0, 'b:1'), alive(node('n1')), alive(node('n2')));
    for (let i = 0; i < 11; i++) {
      const { to, packet } = one.until('ping');
      if (to.address !== 'a:1') {
        const { message } = packet.header;
        if (message.type === 'ping') one.receive(to, { ...message, type: 'ack' });
        continue;
      }
      expect(packet.members[0]).toMatchObject({ id: a, state: 'suspect' });
      expect(packet.members.filter((member) => member.id.address === 'a:1').length).toBe(1);
      return;
    }
    throw new Error('a was not probed within a lap');
  });
});

describe('parts of Lifeguard', () => {
  const none = { localHealth: false, suspicion: false, buddy: false };
  const withParts = (parts: Partial<typeof none>): Bench<NodeIdentity> =>
    joined(names, { config: { ...lan(), lifeguard: { ...none, ...parts } } });
  /** Whether the next ping to the suspect `a` says so, though that update was sent often enough. */
  const tellsSuspect = (one: Bench<NodeIdentity>): boolean => {
    one.gossip(b, suspect(a, 0, 'b:1'));
    keepAlive(one, '', 3000);
    for (;;) {
      const { to, packet } = one.until('ping');
      const { message } = packet.header;
      if (to.address === 'a:1') return packet.members.length > 0;
      if (message.type === 'ping') one.receive(to, { ...message, type: 'ack' });
    }
  };
  const healthAfterSuspicion = (one: Bench<NodeIdentity>): number => {
    one.gossip(a, suspect(one.swim.identity, 0));
    return one.swim.stats().localHealth;
  };
  const lastsLong = (one: Bench<NodeIdentity>): boolean => {
    one.gossip(b, suspect(a, 0, 'b:1'));
    return !keepAlive(one, '', 2 * least).includes('memberDown');
  };

  it.each([
    ['none', none],
    ['local health', { ...none, localHealth: true }],
    ['suspicion', { ...none, suspicion: true }],
    ['buddy system', { ...none, buddy: true }],
    ['all', { localHealth: true, suspicion: true, buddy: true }],
  ])('can be had alone: %s', (_, parts) => {
    expect(healthAfterSuspicion(withParts(parts))).toBe(parts.localHealth ? 1 : 0);
    expect(lastsLong(withParts(parts))).toBe(parts.suspicion);
    expect(tellsSuspect(withParts({ ...parts, suspicion: true }))).toBe(parts.buddy);
  });

  it('without any of them, a suspicion from gossip still ends after the shortest time', () => {
    const one = withParts({});
    one.gossip(b, suspect(a, 0, 'b:1'));
    const seen = keepAlive(one, '', least - 50);
    expect(seen).not.toContain('memberDown');
    expect(keepAlive(one, '', 100)).toContain('memberDown');
  });
});
