import { describe, expect, it } from 'vitest';
import { lan, simple, transmissionLimit } from '../src/config.ts';
import { alive, joined, node, suspect } from './harness.test-helper.ts';

const a = node('a');
const b = node('b');

describe('updates', () => {
  it('a packet is filled as far as possible: smaller updates take the place of those that do not fit', () => {
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

  it('an update that no packet can carry is not queued', () => {
    const one = joined(['a'], { config: { ...lan(), maxPacketSize: 200 } });
    one.swim.applyMany([alive(node('huge', 1, 'x'.repeat(400)))], one.now);
    expect(one.swim.stats()).toMatchObject({ oversized: 1, queuedUpdates: 0, active: 2 });
  });

  it('updates that were sent least come first, and each is sent `transmissions` times', () => {
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

  it('a newer update about a member replaces the older one in the queue', () => {
    const one = joined(['a', 'b']);
    one.gossip(a, suspect(b, 1));
    one.gossip(a, alive(b, 2));
    expect(one.swim.stats().queuedUpdates).toBe(1);
    const { packet } = one.until('gossip');
    expect(packet.members).toEqual([alive(b, 2)]);
  });

  it('the number of transmissions follows the size of the cluster', () => {
    expect([1, 9, 99, 9999].map((n) => transmissionLimit(lan(), n))).toEqual([3, 4, 8, 16]);
    expect(transmissionLimit(simple(), 5000)).toBe(10);
  });
});
