import type { NodeIdentity } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import { lan } from '../src/config.ts';
import type { BroadcastHandler } from '../src/dissemination/broadcast-queue.ts';
import { SwimError } from '../src/errors.ts';
import {
  alive,
  bench,
  joined,
  messages,
  node,
  seeded,
  textOf,
  types,
} from './harness.test-helper.ts';

const a = node('a');
const b = node('b');

/** Broadcasts of the form `key=version`: a higher version is new, and replaces older ones. */
class Versions implements BroadcastHandler<NodeIdentity, string> {
  readonly known = new Map<string, number>();
  readonly heard: (string | undefined)[] = [];

  receive(bytes: Uint8Array, from: NodeIdentity | undefined): string | undefined {
    this.heard.push(from?.address);
    const match = /^(\w+)=(\d+)/.exec(textOf(bytes));
    if (!match) throw new TypeError('not a version');
    const [, key, version] = match;
    if ((this.known.get(key!) ?? -1) >= Number(version)) return undefined;
    this.known.set(key!, Number(version));
    return key;
  }
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function code(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof SwimError) return error.code;
    throw error;
  }
  return 'none';
}

describe('custom broadcasts', () => {
  it('the handler decodes each one and says whether it is new; new ones spread further', () => {
    const handler = new Versions();
    const one = joined(['a', 'b'], { broadcasts: handler });
    one.receive(a, { type: 'gossip' }, { broadcasts: [text('x=1'), text('y=1')] });
    one.receive(b, { type: 'ping', probeNumber: 1 }, { broadcasts: [text('x=1')] });
    expect(handler.heard).toEqual(['a:1', 'a:1', 'b:1']);
    expect(handler.known).toEqual(
      new Map([
        ['x', 1],
        ['y', 1],
      ]),
    );
    expect(one.swim.stats().queuedBroadcasts).toBe(2);
    const { packet } = one.until('broadcast');
    expect(packet.broadcasts.map(textOf).sort()).toEqual(['x=1', 'y=1']);
  });

  it('one with an equal key replaces an older one, and the handler says which others are obsolete', () => {
    class Clearing extends Versions {
      invalidates(newer: string, queued: string): boolean {
        return newer === 'all' && queued !== 'keep';
      }
    }
    const one = joined(['a'], { broadcasts: new Clearing() });
    for (const value of ['x=1', 'x=2', 'y=1', 'keep=1']) one.swim.broadcast(text(value), one.now);
    expect(one.swim.stats().queuedBroadcasts).toBe(3);
    one.swim.broadcast(text('all=1'), one.now);
    const { packet } = one.until('broadcast');
    expect(packet.broadcasts.map(textOf).sort()).toEqual(['all=1', 'keep=1']);
  });

  it('the handler can exclude a member from broadcasts', () => {
    class Choosy extends Versions {
      attachTo(member: NodeIdentity): boolean {
        return member.address !== 'a:1';
      }
    }
    const one = joined(['a', 'b', 'c'], { broadcasts: new Choosy() });
    one.swim.broadcast(text('x=1'), one.now);
    const refused = one.receive(a, { type: 'ping', probeNumber: 1 });
    expect(refused.sent[0]!.packet.broadcasts).toEqual([]);
    const sent = one.run(900).sent.filter(({ packet }) => packet.broadcasts.length > 0);
    expect(sent.length).toBeGreaterThan(0);
    expect(sent.map(({ to }) => to.address)).not.toContain('a:1');
  });

  it('one that the handler refuses is dropped alone: the ping is answered', () => {
    const handler = new Versions();
    const one = joined(['a', 'b'], { broadcasts: handler });
    const drained = one.receive(
      a,
      { type: 'ping', probeNumber: 3 },
      {
        members: [alive(node('c'))],
        broadcasts: [text('nonsense'), text('x=1')],
      },
    );
    expect(drained.rejected).toMatchObject([
      { error: { code: 'broadcast', cause: expect.any(TypeError) }, bytes: text('nonsense') },
    ]);
    expect(types(drained.events)).toEqual(['memberUp']);
    expect(messages(drained)).toEqual(['ack']);
    expect(handler.known.get('x')).toBe(1);
  });

  it('are refused without a handler', () => {
    const one = joined(['a']);
    const { rejected } = one.receive(a, { type: 'gossip' }, { broadcasts: [text('x=1')] });
    expect(rejected.map(({ error }) => error.code)).toEqual(['broadcast']);
    expect(code(() => one.swim.broadcast(text('x=1'), one.now))).toBe('broadcast');
  });

  it('an empty or truncated broadcast makes the packet malformed', () => {
    const one = joined(['a'], { broadcasts: new Versions() });
    const bytes = one.bytes(a, { type: 'gossip' }, { members: [alive(node('c'))] });
    for (const tail of [[0, 0], [0, 9, 1], [0]]) {
      const state = one.state();
      one.swim.receive(new Uint8Array([...bytes, ...tail]), one.now);
      expect(one.drain().rejected.map(({ error }) => error.code)).toEqual(['malformed']);
      expect(one.state()).toEqual(state);
    }
  });

  it('broadcast() refuses a payload that is empty or too large', () => {
    const one = joined(['a'], { broadcasts: new Versions() });
    expect(one.swim.broadcast(text('x=1'), one.now)).toBe(true);
    expect(one.swim.broadcast(text('x=1'), one.now)).toBe(false);
    expect(code(() => one.swim.broadcast(new Uint8Array(0), one.now))).toBe('payload');
    expect(code(() => one.swim.broadcast(new Uint8Array(1390), one.now))).toBe('payload');
    expect(code(() => one.swim.broadcast(text('?'), one.now))).toBe('broadcast');
    one.swim.leave(one.now);
    expect(code(() => one.swim.broadcast(text('x=2'), one.now))).toBe('state');
  });

  it('the longest payload that broadcast() accepts is sent', () => {
    const one = joined(['a'], { broadcasts: new Versions() });
    let size = 1400;
    const payload = (): Uint8Array => text('x=1'.padEnd(size, '.'));
    while (code(() => one.swim.broadcast(payload(), one.now)) === 'payload') size--;
    expect(size).toBeGreaterThan(1300);
    one.swim.gossip(one.now);
    expect(one.drain().sent.flatMap(({ packet }) => packet.broadcasts)).toEqual([payload()]);
  });
});

describe('bounds', () => {
  it('the update queue holds at most one update per member', () => {
    const one = joined(['a', 'b']);
    for (let i = 0; i < 1000; i++) one.gossip(a, { id: b, incarnation: i, state: 'alive' });
    expect(one.swim.stats().queuedUpdates).toBe(1);
  });

  it('the table holds one member per address, and at most maxMembers', () => {
    const one = joined(['a'], { config: { ...lan(), maxMembers: 50 } });
    for (let i = 0; i < 500; i++) one.gossip(a, alive(node('b', i)));
    expect([...one.swim.membershipState()].length).toBe(2);
    for (let i = 0; i < 500; i++) one.gossip(a, alive(node(`made-up-${i}`)));
    expect(one.swim.stats()).toMatchObject({ active: 50, membersRefused: 452 });
    expect(one.receive(node('one-too-many'), { type: 'ping', probeNumber: 1 }).sent).toEqual([]);
  });

  it('Down members make room for new ones; those that left go first', () => {
    const one = joined(['a', 'b', 'c'], { config: { ...lan(), maxMembers: 3 } });
    one.gossip(a, { id: b, incarnation: 0, state: 'down' });
    one.gossip(a, { id: node('c'), incarnation: 0, state: 'down', left: true });
    one.gossip(a, alive(node('d')));
    expect(one.swim.memberAt('c:1')).toBeUndefined();
    expect(one.swim.memberAt('b:1')?.state).toBe('down');
    one.gossip(a, alive(node('e')));
    expect([...one.swim.membershipState()].map(({ id }) => id.address).sort()).toEqual([
      'a:1',
      'd:1',
      'e:1',
    ]);
    expect(one.swim.stats().timers).toBeLessThan(6);
  });

  it('one packet can push out a member and bring it back', () => {
    const one = joined(['a', 'b'], { config: { ...lan(), maxMembers: 2 } });
    one.gossip(a, { id: b, incarnation: 0, state: 'down' });
    const d = alive(node('d'));
    one.receive(a, { type: 'gossip' }, { members: [d, d, alive(node('b', 2)), d] });
    const addresses = [...one.swim.membershipState()].map(({ id }) => id.address);
    expect(addresses.sort()).toEqual(['a:1', 'd:1']);
    expect(one.swim.memberAt('d:1')).toEqual(d);
    expect(one.swim.stats()).toMatchObject({ active: 2, down: 0, membersRefused: 1 });
  });

  it('broadcasts are bounded in number and bytes; those sent most often make room', () => {
    const config = { ...lan(), maxBroadcasts: 10, maxBroadcastBytes: 2000 };
    const one = joined(['a'], { config, broadcasts: new Versions() });
    for (let i = 0; i < 100; i++) one.swim.broadcast(text(`k${i}=1`), one.now);
    expect(one.swim.stats()).toMatchObject({ queuedBroadcasts: 10, evictedBroadcasts: 90 });
    for (let i = 0; i < 20; i++) one.swim.broadcast(text(`l${i}=1`.padEnd(500, '.')), one.now);
    expect(one.swim.stats().queuedBroadcastBytes).toBeLessThanOrEqual(2000);
  });

  it('neither updates nor broadcasts starve the other', () => {
    const handler = new Versions();
    const one = joined(['a', 'b', 'c', 'd'], { broadcasts: handler });
    const random = seeded(3);
    const carried = { updates: 0, broadcasts: 0 };
    for (let i = 0; i < 60; i++) {
      // More of both than packets can carry.
      for (let k = 0; k < 60; k++) {
        const id = node(`churn-${Math.floor(random() * 500)}`, i + 2);
        one.swim.applyMany([alive(id)], one.now);
        one.swim.broadcast(text(`k${k}=${i}`.padEnd(60, '.')), one.now);
      }
      one.swim.gossip(one.now);
      for (const { packet } of one.drain().sent) {
        carried.updates += packet.members.length;
        carried.broadcasts += packet.broadcasts.length;
      }
    }
    expect(carried.updates).toBeGreaterThan(60);
    expect(carried.broadcasts).toBeGreaterThan(60);
  });

  it('a broadcast that fills a packet is sent in spite of a flood of updates', () => {
    const one = joined(['a'], { broadcasts: new Versions() });
    one.swim.broadcast(text('big=1'.padEnd(1200, '.')), one.now);
    let sent = 0;
    for (let i = 0; i < 8; i++) {
      for (let k = 0; k < 80; k++) one.swim.applyMany([alive(node(`churn-${k}`, i + 2))], one.now);
      one.swim.gossip(one.now);
      sent += one.drain().sent.filter(({ packet }) => packet.broadcasts.length > 0).length;
    }
    expect(sent).toBeGreaterThan(0);
  });

  it('a member that is alone sends nothing and has no deadline', () => {
    const one = bench();
    expect(one.swim.nextDeadline).toBe(Number.POSITIVE_INFINITY);
    expect(one.run(1_000_000)).toEqual({ sent: [], events: [], rejected: [] });
  });
});
