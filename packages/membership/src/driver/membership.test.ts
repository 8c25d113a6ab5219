import type { DatagramTransport } from '@shoal/transport';
import { createUdpTransport } from '@shoal/transport-node';
import type { NodeIdentity } from '@shoal/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { type FocaId, foca, focaTraits, textOf } from '../../test/harness.test-helper.ts';
import { local, type SwimConfig } from '../config.ts';
import type { BroadcastHandler } from '../dissemination/broadcast-queue.ts';
import { type Membership, type MembershipOptions, startMembership } from '../driver.ts';
import { SwimError } from '../errors.ts';
import { withMetadata } from '../members/identity.ts';
import { Hub } from './hub.test-helper.ts';
import { startMembershipWithSink } from './start-membership.ts';
import { has, seen } from './waiting.test-helper.ts';

/** Short times keep the tests fast; no test depends on them. */
const config: SwimConfig = {
  ...local(),
  probePeriod: 100,
  probeTimeout: 40,
  gossip: { interval: 20, members: 3 },
  leaveTimeout: 2000,
};
const joinRetry = { first: 20, most: 200 };

const open: AsyncDisposable[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one[Symbol.asyncDispose]()));
});

function start(
  transport: DatagramTransport,
  seeds: readonly string[],
  more: Partial<MembershipOptions> = {},
): Membership<NodeIdentity> {
  const one = startMembership({ transport, seeds, config, joinRetry, ...more });
  open.push({ [Symbol.asyncDispose]: () => one.close() });
  return one;
}

describe('startMembership', () => {
  it('joins at a seed, broadcasts, renames and leaves', async () => {
    const hub = new Hub();
    const heard: string[] = [];
    let told: () => void;
    const spread = new Promise<void>((resolve) => {
      told = resolve;
    });
    const broadcasts: BroadcastHandler<NodeIdentity> = {
      receive: (bytes, from) => {
        heard.push(textOf(bytes));
        if (from) told();
        return heard.length === 1 ? 'key' : undefined;
      },
    };
    const a = start(hub.open('a:1'), [], { broadcasts });
    const b = start(hub.open('b:1'), ['a:1', 'b:1'], { broadcasts });
    await Promise.all([a.active(), b.active()]);
    expect(a.memberAt('b:1')?.id).toEqual(b.identity);
    expect(a.digest()).toBe(b.digest());

    const c = start(hub.open('c:1'), ['b:1'], { broadcasts });
    await Promise.all([has(a, 2), has(b, 2), has(c, 2)]);
    expect(b.broadcast(new TextEncoder().encode('hello'))).toBe(true);
    await spread;
    expect(heard).toContain('hello');

    const updated = seen(a, 'memberUpdated');
    b.updateIdentity(withMetadata(b.identity, new Uint8Array([7])));
    expect((await updated).member.id.metadata).toEqual(new Uint8Array([7]));

    const left = seen(a, 'memberDown');
    await b.leave();
    expect(b.state).toBe('defunct');
    expect(await left).toMatchObject({ reason: 'left', member: { id: { address: 'b:1' } } });
    await b.leave();
    await b.close();
    expect(() => b.broadcast(new Uint8Array([1]))).toThrow(SwimError);
  });

  it('keeps trying until a seed answers, and looks up the seeds each time', async () => {
    const hub = new Hub();
    let asked = 0;
    const seeds = async (): Promise<string[]> => {
      asked++;
      if (asked === 1) throw new Error('no such name');
      return ['late:1'];
    };
    const early = startMembership({ transport: hub.open('early:1'), seeds, config, joinRetry });
    open.push(early);
    expect((await seen(early, 'joinFailed')).error).toMatchObject({
      code: 'join',
      cause: { message: 'no such name' },
    });
    while (asked < 4) await new Promise((resolve) => setImmediate(resolve));
    expect(early.state).toBe('idle');
    const late = start(hub.open('late:1'), []);
    await Promise.all([early.active(), late.active()]);
  });

  it('tries again after a look-up of seeds that never settles', async () => {
    const hub = new Hub();
    const a = start(hub.open('a:1'), []);
    let asked = 0;
    const b = startMembership({
      transport: hub.open('b:1'),
      seeds: () => (++asked === 1 ? new Promise<never>(() => {}) : ['a:1']),
      config,
      joinRetry: { ...joinRetry, lookUpTimeout: 30 },
    });
    open.push(b);
    expect((await seen(b, 'joinFailed')).error).toMatchObject({ code: 'timeout' });
    await Promise.all([a.active(), b.active()]);
    expect(asked).toBeGreaterThanOrEqual(2);
  });

  it('joins at a good seed that follows one that is not an address', async () => {
    const hub = new Hub();
    const a = start(hub.open('a:1'), []);
    // With this random function, seeds are tried in the order given.
    const b = start(hub.open('b:1'), ['x'.repeat(1000), 'a:1'], { random: () => 0 });
    expect((await seen(b, 'joinFailed')).error).toMatchObject({ code: 'identity' });
    await Promise.all([a.active(), b.active()]);
  });

  it('two clusters that were started apart become one', async () => {
    const hub = new Hub();
    const a1 = start(hub.open('a1:1'), []);
    const a2 = start(hub.open('a2:1'), ['a1:1', 'b1:1']);
    await a2.active();
    const b1 = start(hub.open('b1:1'), []);
    const b2 = start(hub.open('b2:1'), ['b1:1']);
    await Promise.all([a1, a2, b1, b2].map((one) => has(one, 3)));
  });

  it('tries to join again when it is alone again', async () => {
    const hub = new Hub();
    const a = start(hub.open('a:1'), []);
    const b = start(hub.open('b:1'), ['a:1']);
    await b.active();
    await a.close();
    await seen(b, 'idle');
    const again = start(hub.open('a:1'), []);
    await Promise.all([b.active(), again.active()]);
    expect(again.identity.generation).toBeGreaterThanOrEqual(a.identity.generation);
  });

  it('refuses packets of another cluster, and reports it', async () => {
    const hub = new Hub();
    const a = start(hub.open('a:1'), [], { label: 'one' });
    const rejected = seen(a, 'rejected');
    start(hub.open('b:1'), ['a:1'], { label: 'two' });
    expect((await rejected).error).toMatchObject({ code: 'malformed', cause: { code: 'label' } });
    expect(a.members()).toEqual([]);
  });

  it("speaks foca's wire when given its codec", async () => {
    const hub = new Hub();
    const make = (addr: string, seeds: FocaId[]): Membership<FocaId> => {
      const transport = hub.open(addr);
      const identity = { addr, bump: 0 };
      const one = startMembership({
        transport,
        identity,
        traits: focaTraits,
        codec: foca,
        seeds,
        config,
      });
      open.push(one);
      return one;
    };
    const a = make('a', []);
    const b = make('b', [{ addr: 'a', bump: 0 }]);
    await Promise.all([a.active(), b.active()]);
    expect(a.members()).toMatchObject([{ id: { addr: 'b', bump: 0 } }]);
  });

  it('keeps packets within the limit of the transport, and counts those that it refuses', async () => {
    const hub = new Hub();
    const small = hub.open('a:1', 300);
    const a = start(small, []);
    const b = start(hub.open('b:1'), ['a:1']);
    await b.active();
    const many = Array.from({ length: 200 }, (_, i) => ({
      id: { address: `made-up-${i}:1`, generation: 1, metadata: new Uint8Array(0) },
      incarnation: 0,
      state: 'down' as const,
    }));
    a.applyMany(many);
    while (a.stats().queuedUpdates > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    small.full = true;
    while (a.stats().sendsRefused === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    small.full = false;
  });

  it('events() yields all events in order, ends with close(), and is bounded', async () => {
    const hub = new Hub();
    const a = start(hub.open('a:1'), []);
    const events = a.events();
    const slow = a.events({ capacity: 1 });
    const b = start(hub.open('b:1'), ['a:1']);
    await b.active();
    const types = [];
    for await (const event of events) {
      if (/^(member(Up|Down)|active|idle)$/.test(event.type)) types.push(event.type);
      if (event.type === 'active') void b.leave();
      if (event.type === 'idle') await a.close();
    }
    expect(types).toEqual(['memberUp', 'active', 'memberDown', 'idle']);
    await expect(slow.next()).rejects.toMatchObject({ code: 'overflow' });
  });

  it('delivers events in order to all listeners, even when one of them calls a method', async () => {
    const hub = new Hub();
    const a = start(hub.open('a:1'), []);
    // Alone, it would not take in whoever pings it.
    const c = { address: 'c:1', generation: 1, metadata: new Uint8Array(0) };
    a.applyMany([{ id: c, incarnation: 0, state: 'alive' }]);
    const rename = (): void => a.updateIdentity(withMetadata(a.identity, Uint8Array.of(1)));
    a.on('memberUp', rename);
    const later: string[] = [];
    const events = a.events();
    for (const type of ['memberUp', 'memberDown'] as const) a.on(type, () => later.push(type));
    // One datagram, the goodbye of a member that is not known yet, causes both events.
    const b = start(hub.open('b:1'), []);
    b.applyMany([{ id: a.identity, incarnation: 0, state: 'alive' }]);
    await Promise.all([seen(a, 'memberDown'), b.leave()]);
    expect(later).toEqual(['memberUp', 'memberDown']);
    const read: string[] = [];
    while (read.length < later.length) {
      const { value } = await events.next();
      if ((later as (string | undefined)[]).includes(value?.type)) read.push(value!.type);
    }
    expect(read).toEqual(later);
  });

  it('a signal closes it and ends pending calls', async () => {
    const hub = new Hub();
    const controller = new AbortController();
    const transport = hub.open('a:1');
    const a = start(transport, ['nobody:1'], { signal: controller.signal });
    const waiting = a.active();
    const impatient = a.active({ signal: AbortSignal.abort(new Error('no time')) });
    await expect(impatient).rejects.toThrow('no time');
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'state' });
    expect([a.closed, transport.closed]).toEqual([true, true]);
    await a.leave();
    const late = hub.open('b:1');
    expect(start(late, [], { signal: controller.signal }).closed).toBe(true);
    expect(late.closed).toBe(true);
  });

  it('leave() gives up when told to', async () => {
    const hub = new Hub();
    start(hub.open('a:1'), []);
    const transport = hub.open('b:1');
    const b = start(transport, ['a:1'], { config: { ...config, leaveTimeout: 1e9 } });
    await b.active();
    transport.full = true;
    await b.leave({ timeout: 20 });
    expect(b.state).toBe('leaving');
    await expect(b.leave({ signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
  });

  it('throws at once for invalid options', () => {
    const transport = new Hub().open('a:1');
    const bad = { ...config, probePeriod: 1 };
    expect(() => startMembership({ transport, config: bad })).toThrow('probePeriod');
    const identity = { metadata: new Uint8Array(513) };
    expect(() => startMembership({ transport, identity })).toThrow(SwimError);
  });
});

describe('startMembershipWithSink', () => {
  it('hands each event to the layer above, in order and before listeners', async () => {
    const hub = new Hub();
    const order: string[] = [];
    const a = startMembershipWithSink({ transport: hub.open('a:1'), config }, (event) => {
      order.push(`sink ${event.type}`);
      // A layer above may call methods, which cause further events.
      if (event.type === 'memberUp') void a.leave();
    });
    open.push({ [Symbol.asyncDispose]: () => a.close() });
    for (const type of ['memberUp', 'active', 'defunct'] as const) {
      a.on(type, () => order.push(`listener ${type}`));
    }
    const b = start(hub.open('b:1'), ['a:1']);
    await Promise.all([b.active(), seen(a, 'defunct')]);
    expect(order).toEqual([
      'sink memberUp',
      'listener memberUp',
      'sink active',
      'listener active',
      'sink defunct',
      'listener defunct',
    ]);
  });
});

describe('over UDP on loopback', () => {
  it('five members find each other; one that stops is seen as failed, one that leaves as left', async () => {
    const members: Membership<NodeIdentity>[] = [];
    for (let i = 0; i < 5; i++) {
      const transport = await createUdpTransport({ bind: '127.0.0.1:0' });
      const seeds = members.slice(0, 1).map((one) => one.identity.address);
      members.push(start(transport, seeds));
    }
    await Promise.all(members.map((one) => has(one, 4)));
    const [a, b, c, d, e] = members as [(typeof members)[0], ...typeof members];
    const others = [a!, b!, c!];
    const failed = others.map((one) =>
      seen(one, 'memberDown', ({ member }) => member.id.address === d!.identity.address),
    );
    await d!.close();
    for (const event of await Promise.all(failed)) expect(event.reason).toBe('failed');
    const left = others.map((one) =>
      seen(one, 'memberDown', ({ member }) => member.id.address === e!.identity.address),
    );
    await e!.leave();
    for (const event of await Promise.all(left)) expect(event.reason).toBe('left');
  });
});
