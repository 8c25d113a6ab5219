import { MemoryLog } from '@shoal/syncup';
import { describe, expect, it } from 'vitest';
import { manualLeader, type ShoalNode } from '../src/index.ts';
import { batch, commits, replication, start, texts } from './nodes.test-helper.ts';

const BIG = 20_000;

const SMALL_FRAMES = { ...replication, maxPendingBytes: 20_000, batchBytes: 10_000 };

/** No event says that a log has grown. */
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Trio extends AsyncDisposable {
  readonly a: ShoalNode;
  readonly b: ShoalNode;
  readonly c: ShoalNode;
  readonly logs: MemoryLog[];
}

/** A leader, and two followers; the application of b is slow, so that a batch arrives in parts. */
async function trio(): Promise<Trio> {
  const logs = [new MemoryLog(), new MemoryLog(), new MemoryLog()];
  const leadership = manualLeader();
  leadership.choose('a', 1);
  const options = { leadership, replication: SMALL_FRAMES };
  const a = await start('a', { ...options, log: logs[0] });
  const b = await start('b', {
    ...options,
    log: logs[1],
    seeds: [a.address],
    onEntries: (entries) => new Promise((resolve) => setTimeout(resolve, entries.length / 100)),
  });
  const c = await start('c', { ...options, log: logs[2], seeds: [a.address] });
  await a.until(() => a.role === 'leader');
  const close = async (): Promise<void> => {
    await Promise.all([a.close(), b.close(), c.close()]);
  };
  return { a, b, c, logs, [Symbol.asyncDispose]: close };
}

describe('a batch', () => {
  it('becomes durable as a whole, at the leader and at its followers', async () => {
    await using nodes = await trio();
    const { a, logs } = nodes;
    const before = (await a.append(commits(1))).last;
    const seen = new Set<bigint>();
    let parts = 0;
    const appending = a.append(batch(BIG), { acks: 3 }).then(({ last }) => last);
    let end: bigint | undefined;
    appending.then((last) => {
      end = last;
    });
    while (end === undefined) {
      for (const log of logs) seen.add(log.range.durable);
      const { last } = logs[1]!.range;
      if (last > before && last < before + BigInt(BIG)) parts++;
      await tick();
    }
    seen.delete(end);
    // A follower held a part of it for a while.
    expect(parts).toBeGreaterThan(0);
    for (const vlsn of seen) expect(vlsn).toBeLessThanOrEqual(before);
  });

  it('may have one sync point only, its end', async () => {
    await using a = await start('a', { log: new MemoryLog(), voters: ['a'] });
    await a.until(() => a.role === 'leader');
    const { last } = a.log!.range;
    for (const inner of [commits(2), [...commits(1), ...batch(3)]]) {
      await expect(a.append(inner)).rejects.toMatchObject({
        code: 'argument',
        message: expect.stringContaining('append each transaction by itself'),
      });
    }
    expect(a.log!.range.last).toBe(last);
  });

  it('is cut off as a whole if the leader goes in the middle, which then follows again', async () => {
    await using nodes = await trio();
    const { a, b, c, logs } = nodes;
    const { last } = await a.append(commits(1, 'kept'), { acks: 3 });
    // Only b gets a part of it.
    await c.close();
    const appending = a.append(batch(BIG, 'lost')).catch(() => undefined);
    while (logs[1]!.range.last <= last) await tick();
    await a.close();
    await b.close();
    await appending;
    expect(logs[1]!.range.last).toBeLessThan(last + BigInt(BIG));

    const leadership = manualLeader();
    leadership.choose('b', 2);
    await using again = await start('b', { leadership, log: logs[1] });
    const seeds = [again.address];
    await using _c = await start('c', { leadership, log: logs[2], seeds });
    await again.until(() => again.role === 'leader');
    await again.append(commits(1, 'new'));
    await using first = await start('a', { leadership, log: logs[0], seeds });
    while (first.log!.range.last !== again.log!.range.last) await tick();
    expect(await texts(logs[0]!)).toEqual(['kept 0', 'new 0']);
  });
});
