import type { NodeIdentity } from '@shoal/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lan, local, simple } from '../src/config.ts';
import { withMetadata } from '../src/members/identity.ts';
import { type FocaId, foca, focaTraits, node } from './harness.test-helper.ts';
import { type Host, Network, shoalNetwork } from './network.test-helper.ts';

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i}`);

function startAll(network: { start: (name: string, seeds: string[]) => unknown }, count: number) {
  for (const name of names(count)) network.start(name, ['n0']);
}

function eventsOf(network: Network<NodeIdentity>, type: string): number {
  return [...network.hosts.values()].reduce(
    (sum, host) => sum + host.events.filter((event) => event.type === type).length,
    0,
  );
}

/** Checks the invariants at every packet and event. */
function checkAlways(network: Network<NodeIdentity>, maxPacketSize: number): void {
  const downs = new Map<Host<NodeIdentity>, Set<string>>();
  const seen = new Map<Host<NodeIdentity>, Map<string, number>>();
  const key = (id: NodeIdentity): string => `${id.address}#${id.generation}`;
  network.checks.push((host, what) => {
    if (what instanceof Uint8Array) {
      expect(what.length).toBeLessThanOrEqual(maxPacketSize);
      const { queuedUpdates, active, down } = host.swim.stats();
      expect(queuedUpdates).toBeLessThanOrEqual(active + down + 1);
      return;
    }
    const dead = downs.get(host) ?? new Set();
    downs.set(host, dead);
    if ('member' in what) {
      const { id, incarnation, state } = what.member;
      // Down is the final state of an identity.
      if (state === 'down') dead.add(key(id));
      else expect(dead.has(key(id))).toBe(false);
      // Knowledge about an identity never gets older.
      const known = seen.get(host) ?? new Map<string, number>();
      seen.set(host, known);
      if (state !== 'down') {
        expect(incarnation).toBeGreaterThanOrEqual(known.get(key(id)) ?? 0);
        known.set(key(id), incarnation);
      }
    }
  });
}

describe('a cluster', () => {
  it('of 30 that join at one seed converges, without a false suspicion', () => {
    const network = shoalNetwork(1, lan());
    startAll(network, 30);
    expect(network.run(30_000, () => network.converged)).toBe(true);
    network.run(60_000);
    expect(network.converged).toBe(true);
    expect(eventsOf(network, 'memberSuspected')).toBe(0);
    expect(eventsOf(network, 'memberDown')).toBe(0);
  });

  it('is quiet when nothing is new: a ping and an ack per member and period', () => {
    const network = shoalNetwork(2, lan());
    startAll(network, 10);
    network.run(20_000);
    const before = network.packets;
    network.run(100_000);
    // 10 members, 100 periods, 2 packets; every 30 s an announce and a feed.
    expect(network.packets - before).toBeLessThan(10 * 100 * 2 + 10 * 5 * 2);
  });

  it('sees a member that stops as failed, and one that leaves as left', () => {
    const network = shoalNetwork(3, lan());
    startAll(network, 12);
    expect(network.run(20_000, () => network.converged)).toBe(true);
    network.kill('n3');
    expect(network.run(60_000, () => network.converged)).toBe(true);
    const leaver = network.hosts.get('n5:1')!;
    network.on(leaver, (swim, now) => swim.leave(now));
    network.run(20_000, () => leaver.swim.state === 'defunct');
    expect(leaver.events.at(-1)).toEqual({ type: 'defunct', reason: 'left' });
    network.kill('n5');
    expect(network.run(60_000, () => network.converged)).toBe(true);
    for (const { events } of network.hosts.values()) {
      const reasons = events.flatMap((event) =>
        event.type === 'memberDown' ? [[event.member.id.address, event.reason]] : [],
      );
      expect(reasons).toEqual([
        ['n3:1', 'failed'],
        ['n5:1', 'left'],
      ]);
    }
  });

  it('heals by itself after it was split for an hour', () => {
    const network = shoalNetwork(4, lan());
    startAll(network, 10);
    expect(network.run(60_000, () => network.converged)).toBe(true);
    network.partition(['n0', 'n1', 'n2']);
    network.run(3_600_000);
    expect(network.hosts.get('n0:1')!.swim.activeCount).toBe(2);
    expect(network.hosts.get('n9:1')!.swim.activeCount).toBe(6);
    network.heal();
    expect(network.run(600_000, () => network.converged)).toBe(true);
  });

  it('heals even with only two members', () => {
    const network = shoalNetwork(5, lan());
    startAll(network, 2);
    expect(network.run(60_000, () => network.converged)).toBe(true);
    network.partition(['n0']);
    network.run(3_600_000);
    expect(network.hosts.get('n0:1')!.swim.state).toBe('idle');
    network.heal();
    expect(network.run(300_000, () => network.converged)).toBe(true);
  });

  it('a member that was paused suspects nobody, and comes back', () => {
    const network = shoalNetwork(6, lan());
    startAll(network, 8);
    network.run(30_000);
    const host = network.hosts.get('n4:1')!;
    host.pausedUntil = network.now + 600_000;
    const from = host.events.length;
    network.run(600_000);
    expect(network.run(300_000, () => network.converged)).toBe(true);
    const after = host.events.slice(from).map((event) => event.type);
    expect(after).not.toContain('memberSuspected');
    expect(after).not.toContain('memberDown');
    expect(after).toContain('rejoined');
  });

  it('a member that restarts is the same node under a new identity', () => {
    const network = shoalNetwork(7);
    startAll(network, 6);
    network.run(20_000);
    network.kill('n2');
    network.run(500);
    network.start('n2', ['n0']);
    expect(network.run(60_000, () => network.converged)).toBe(true);
    expect(eventsOf(network, 'memberDown')).toBe(0);
    expect(eventsOf(network, 'memberUpdated')).toBeGreaterThan(0);
  });

  it('a member whose clock went back restarts past its older self', () => {
    const network = shoalNetwork(8, lan());
    startAll(network, 5);
    network.run(20_000);
    // All others still remember a generation in the far future.
    const ghost = node('n9', 1_000_000);
    for (const host of network.hosts.values()) {
      network.on(host, (swim, now) => {
        swim.applyMany([{ id: ghost, incarnation: 7, state: 'alive' }], now);
      });
    }
    network.start('n9', ['n0']);
    expect(network.run(60_000, () => network.converged)).toBe(true);
    expect(network.hosts.get('n9:1')!.swim.identity.generation).toBeGreaterThan(1_000_000);
  });

  it('20% loss brings no member down', () => {
    const network = shoalNetwork(9, lan());
    startAll(network, 12);
    network.run(30_000);
    network.weather.loss = 0.2;
    network.run(300_000);
    expect(network.lost).toBeGreaterThan(1000);
    expect(eventsOf(network, 'memberDown')).toBe(0);
    network.weather.loss = 0;
    expect(network.run(60_000, () => network.converged)).toBe(true);
  });

  it('metadata reaches everyone, and no older one replaces it', () => {
    const network = shoalNetwork(10, lan());
    startAll(network, 8);
    network.run(20_000);
    const host = network.hosts.get('n1:1')!;
    for (let i = 0; i < 10; i++) {
      network.on(host, (swim, now) => {
        swim.updateIdentity(withMetadata(swim.identity, new Uint8Array([i])), now);
      });
      network.run(1500);
    }
    expect(network.run(30_000, () => network.converged)).toBe(true);
    for (const { swim } of network.hosts.values()) {
      if (swim === host.swim) continue;
      expect(swim.memberAt('n1:1')?.id.metadata).toEqual(new Uint8Array([9]));
    }
    expect(eventsOf(network, 'memberDown')).toBe(0);
  });

  it("works over foca's wire, and without any extension", () => {
    for (const config of [simple(), lan()]) {
      const network = new Network<FocaId>(11, {
        traits: focaTraits,
        codec: foca,
        config,
        identity: (addr, bump) => ({ addr, bump }),
      });
      for (const name of names(8)) network.start(name, ['n0']);
      network.run(30_000);
      for (const host of network.hosts.values()) {
        network.on(host, (swim, now) => swim.announce({ addr: 'nobody', bump: 0 }, now));
      }
      expect(network.run(120_000, () => network.converged)).toBe(true);
      network.kill('n4');
      expect(network.run(120_000, () => network.converged)).toBe(true);
    }
  });
});

describe('a campaign of faults', () => {
  const fault = fc.record({
    type: fc.constantFrom(
      'kill',
      'restart',
      'leave',
      'pause',
      'partition',
      'heal',
      'rename',
      'loss',
      'spoof',
    ),
    who: fc.nat(9),
    ms: fc.integer({ min: 1, max: 20_000 }),
  });

  it('breaks no invariant, and all members agree once the faults are over', () => {
    const fired = new Map<string, number>();
    fc.assert(
      fc.property(fc.nat(), fc.array(fault, { minLength: 3, maxLength: 15 }), (seed, faults) => {
        const config = { ...local(), announceDown: { interval: 10_000, members: 3 } };
        const network = shoalNetwork(seed, config);
        checkAlways(network, config.maxPacketSize);
        network.weather.duplicate = 0.05;
        network.weather.latency = [1, 60];
        startAll(network, 10);
        network.run(5000);
        for (const { type, who, ms } of faults) {
          const name = `n${who}`;
          const host = network.hosts.get(`${name}:1`);
          fired.set(type, (fired.get(type) ?? 0) + 1);
          if (type === 'partition') network.partition(names(who));
          else if (type === 'heal') network.heal();
          else if (type === 'loss') network.weather.loss = (who % 4) / 10;
          else if (type === 'restart') {
            network.kill(name);
            network.start(name, names(10));
          } else if (host) {
            if (type === 'kill') network.kill(name);
            else if (type === 'leave') network.on(host, (swim, now) => swim.leave(now));
            else if (type === 'pause') host.pausedUntil = network.now + ms;
            else if (type === 'rename' && host.swim.state !== 'leaving') {
              network.on(host, (swim, now) =>
                swim.updateIdentity(withMetadata(swim.identity, new Uint8Array([who])), now),
              );
            } else if (type === 'spoof') {
              // An update that no member may spread.
              const { identity, incarnation } = host.swim;
              for (const other of network.hosts.values()) {
                network.on(other, (swim, now) =>
                  swim.applyMany(
                    [{ id: identity, incarnation: incarnation + 3, state: 'suspect' }],
                    now,
                  ),
                );
              }
            }
          }
          network.run(ms);
        }
        network.heal();
        network.weather.loss = 0;
        for (const host of [...network.hosts.values()]) {
          host.pausedUntil = 0;
          if (host.swim.state === 'leaving' || host.swim.state === 'defunct')
            network.kill(host.name);
          // The driver repeats announces in the same way.
          else
            network.on(host, (swim, now) => {
              for (const seed of names(10))
                if (seed !== host.name) swim.announce(node(seed, 0), now);
            });
        }
        expect(network.run(300_000, () => network.converged)).toBe(true);
      }),
      { numRuns: 25 },
    );
    for (const type of [
      'kill',
      'restart',
      'leave',
      'pause',
      'partition',
      'rename',
      'loss',
      'spoof',
    ]) {
      expect(fired.get(type) ?? 0).toBeGreaterThan(0);
    }
  }, 120_000);
});
