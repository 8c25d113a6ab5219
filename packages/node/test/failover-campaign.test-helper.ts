import { VirtualClock } from '@shoal/testkit';
import { expect } from 'vitest';
import { texts } from './nodes.test-helper.ts';
import { SimulatedCluster } from './simulated-cluster.test-helper.ts';
import { installVirtualTime } from './virtual-time.test-helper.ts';

const STEPS = 40;

export type Counts = SimulatedCluster['counts'];

/** Runs one random schedule of partitions, crashes and leaders, then heals all and checks. */
export async function runCampaign(
  seed: number,
): Promise<{ trace: string[]; counts: Counts; acked: number }> {
  const clock = new VirtualClock();
  const restore = installVirtualTime(clock);
  const size = seed % 3 === 0 ? 5 : 3;
  const elections = seed % 2 === 0 ? 'self' : 'chosen';
  const cluster = new SimulatedCluster({ clock, seed, size, elections });
  const { random, slots, network } = cluster;
  const any = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
  const some = (): string[] => slots.filter(() => random() < 0.5).map(({ host }) => host);
  try {
    for (const slot of slots) await cluster.start(slot);
    cluster.choose(any(slots), () => true);
    for (let step = 0; step < STEPS; step++) {
      const dice = random();
      if (dice < 0.15) {
        const side = some();
        const rest = slots.map(({ host }) => host).filter((host) => !side.includes(host));
        cluster.note(`${side} and ${rest} are parted`);
        network.partition(side, rest);
      } else if (dice < 0.2) network.cut({ from: any(slots).host, to: any(slots).host });
      else if (dice < 0.35) {
        cluster.note('healed');
        network.heal();
      } else if (dice < 0.45) await cluster.crash(any(slots));
      else if (dice < 0.65) {
        if (elections === 'chosen') cluster.choose(any(slots), () => random() < 0.7);
        else for (let i = 0; i < 2; i++) await cluster.disturb();
      }
      if (step % 5 === 4) {
        void cluster.repair();
        await cluster.replaceDisks();
      }
      for (const slot of slots) if (!slot.node && random() < 0.4) await cluster.start(slot);
      cluster.append();
      await clock.advance(random() < 0.7 ? 300 * random() : 3000 * random());
    }
    network.heal();
    for (const slot of slots) if (!slot.node) await cluster.start(slot);
    await cluster.replaceDisks();
    // With elections of their own, nobody tells them who is to lead.
    cluster.choose(any(slots), () => true);
    const leads = (): boolean => slots.some(({ node }) => node?.role === 'leader');
    const follow = (): boolean =>
      slots.every(({ node }) => node?.role === 'leader' || node?.role === 'follower');
    await cluster.until('one node leads, all others follow', () => leads() && follow(), 120_000);
    const before = cluster.acknowledged.length;
    await cluster.until(
      'an entry is acknowledged, and all logs are equal',
      () => {
        if (cluster.acknowledged.length === before) cluster.append();
        const digests = new Set(slots.map(({ log }) => log.digest()));
        return cluster.acknowledged.length > before && digests.size === 1;
      },
      60_000,
    );
    // Every acknowledged entry is in its place.
    const log = slots[0]!.log;
    const marks: (string | undefined)[] = [];
    for await (const batch of log.read(1n)) {
      for (const { type, payload } of batch) {
        marks.push(type === 3 ? undefined : new TextDecoder().decode(payload));
      }
      if (batch.at(-1)!.vlsn === log.range.last) break;
    }
    const leaders = new Map<bigint, string>();
    for (const { vlsn, text, term, by } of cluster.acknowledged) {
      expect({ vlsn, text: marks[Number(vlsn) - 1] }).toEqual({ vlsn, text });
      // In each term, at most one node gets anything acknowledged.
      expect(by).toBe(leaders.get(term) ?? by);
      leaders.set(term, by);
    }
    const all = await texts(log);
    expect(new Set(all).size).toBe(all.length);
    return { trace: cluster.trace, counts: cluster.counts, acked: cluster.acknowledged.length };
  } catch (error) {
    const replay = `SHOAL_NODE_SEED=${seed} npx vitest run test/failover-campaign.test.ts`;
    throw new Error(`seed ${seed}, replay with: ${replay}\n${cluster.trace.join('\n')}`, {
      cause: error,
    });
  } finally {
    const closed = Promise.all(slots.map(({ node }) => node?.close()));
    await clock.advance(10_000);
    await closed;
    restore?.();
  }
}
