import type { EventOfType } from '@shoal/async';
import type { Connection, Listener } from '@shoal/transport';
import { createTcpTransport } from '@shoal/transport-node';
import { describe, expect, it } from 'vitest';
import {
  type Feeder,
  type FeederOptions,
  type Replica,
  type ReplicaEvent,
  type ReplicaOptions,
  type Rollback,
  startFeeder,
  startReplica,
} from '../src/driver.ts';
import type { StoredEntry } from '../src/log/log-store.ts';
import { MemoryLog } from '../src/memory-log/memory-log.ts';
import { archived, commits, contents, data } from './log.test-helper.ts';
import { MemoryNetwork } from './memory-network.test-helper.ts';

interface Network {
  readonly listener: Listener;
  readonly dial: () => Promise<Connection>;
}

const networks: [string, () => Promise<Network>][] = [
  ['memory', async () => new MemoryNetwork()],
  [
    'TCP',
    async () => {
      const tcp = createTcpTransport();
      const listener = await tcp.listen('127.0.0.1:0');
      return { listener, dial: () => tcp.dial(listener.address) };
    },
  ],
];

/** What a feeder may have sent over the mark from which on it waits: a batch, and some more. */
const BOUND = (64 + 512 + 30) * 1024;

const fast = { reconnect: { minDelay: 1, maxDelay: 20 }, heartbeatInterval: 20 } as const;

/** The next event of this type. */
function event<Type extends ReplicaEvent['type']>(
  replica: Replica,
  type: Type,
): Promise<EventOfType<ReplicaEvent, Type>> {
  return new Promise((resolve) => {
    const off = replica.on(type, (value) => {
      off();
      resolve(value);
    });
  });
}

describe.each(networks)('over %s', (_, open) => {
  describe.each(['shoal', 'noxu'] as const)('in the dialect of %s', (dialect) => {
    const logOf = async (...batches: Parameters<MemoryLog['append']>[0][]): Promise<MemoryLog> => {
      const log = new MemoryLog({ fingerprint: dialect === 'noxu' ? 'noxu' : 'chained' });
      for (const batch of batches) await log.append(batch);
      return log;
    };
    const feederOn = (network: Network, log: MemoryLog, more?: Partial<FeederOptions>): Feeder =>
      startFeeder({ log, listener: network.listener, heartbeatInterval: 20, ...more });
    const replicaOn = (
      network: Network,
      log: MemoryLog,
      more?: Partial<ReplicaOptions>,
    ): ReturnType<typeof startReplica> =>
      startReplica({ log, dial: network.dial, dialect, ...fast, ...more });

    it('an empty replica gets all entries, and those appended later', async () => {
      const network = await open();
      const source = await logOf(commits(500));
      await using feeder = feederOn(network, source);
      const log = await logOf();
      const applied: StoredEntry[] = [];
      await using replica = replicaOn(network, log, {
        onEntries: (entries) => void applied.push(...entries),
      });
      await replica.applied(500n);
      await source.append([data('x'), ...commits(3, 'late')]);
      await feeder.waitForAcks(504n, 1);
      expect(log.digest()).toBe(source.digest());
      expect(applied.map((entry) => entry.vlsn)).toEqual(
        Array.from({ length: 504 }, (_, i) => BigInt(i + 1)),
      );
      expect(feeder.replicas()).toMatchObject([{ dialect, acked: 504n, sent: 504n }]);
    });

    it('a diverged tail is archived, reported to the application, and replaced', async () => {
      const network = await open();
      const source = await logOf(commits(1000), commits(50, 'feeder'));
      await using _feeder = feederOn(network, source);
      const log = await logOf(commits(1000), [data('open')], commits(9, 'mine'));
      const order: string[] = [];
      let rollback: Rollback | undefined;
      await using replica = replicaOn(network, log, {
        onRollback: async (told) => {
          rollback = told;
          expect(log.range.last).toBe(1000n);
          order.push('rollback');
          await new Promise((resolve) => setImmediate(resolve));
          order.push('rolled back');
        },
        onEntries: () => void (order.at(-1) === 'entries' || order.push('entries')),
      });
      await replica.applied(1050n);
      expect(order).toEqual(['rollback', 'rolled back', 'entries']);
      expect(rollback).toMatchObject({ matchpoint: 1000n, plan: { ordered: true } });
      expect(await archived(rollback!.discarded)).toEqual([
        '1001:0:open',
        ...Array.from({ length: 9 }, (_, i) => `${1002 + i}:1:mine${i + 1}`),
      ]);
      expect(log.digest()).toBe(source.digest());
    });

    it.each([
      ['identical', 20, 20, 20],
      ['a strict prefix', 10, 10, 20],
      ['ahead', 20, 30, 20],
      ['diverged', 20, 25, 31],
    ])('%s', async (_name, common, mine, theirs) => {
      const network = await open();
      const source = await logOf(commits(common), commits(theirs - common, 'f'));
      await using feeder = feederOn(network, source);
      const log = await logOf(commits(common), commits(mine - common, 'r'));
      await using replica = replicaOn(network, log);
      await event(replica, 'streaming');
      await replica.applied(BigInt(theirs));
      await source.append(commits(2, 'new'));
      await feeder.waitForAcks(BigInt(theirs + 2), 1);
      expect(await contents(log)).toEqual(await contents(source));
    });

    it('a replica that is up to date reconnects in one round trip', async () => {
      const network = await open();
      const source = await logOf(commits(100));
      await using _feeder = feederOn(network, source);
      const log = await logOf(commits(100));
      {
        await using replica = replicaOn(network, log);
        await event(replica, 'streaming');
      }
      await using again = replicaOn(network, log);
      const syncup = await event(again, 'syncup');
      expect(syncup.plan).toMatchObject({ roundTrips: 1, requests: 1 });
      await event(again, 'streaming');
      await source.append(commits(1, 'z'));
      await again.applied(101n);
      expect(log.digest()).toBe(source.digest());
    });

    it('a prohibited rollback stops the replica, and nothing is lost', async () => {
      const network = await open();
      await using _feeder = feederOn(network, await logOf(commits(5), commits(9, 'f')));
      const log = await logOf(commits(8));
      log.noteDurable(7n);
      const before = log.digest();
      await using replica = replicaOn(network, log);
      await expect(replica.finished).rejects.toMatchObject({ code: 'rollback-prohibited' });
      expect(log.digest()).toBe(before);
      await expect(replica.applied(99n)).rejects.toMatchObject({ code: 'rollback-prohibited' });
    });

    it('an application that throws stops the replica', async () => {
      const network = await open();
      await using _feeder = feederOn(network, await logOf(commits(5)));
      await using replica = replicaOn(network, await logOf(), {
        onEntries: () => {
          throw new Error('disk full');
        },
      });
      await expect(replica.finished).rejects.toMatchObject({
        code: 'application',
        cause: { message: 'disk full' },
      });
    });

    it('a slow application slows the feeder down, and memory stays bounded', async () => {
      const network = await open();
      const big = Array.from({ length: 400 }, (_, i) => ({
        type: 1,
        payload: new Uint8Array(20_000).fill(i),
      }));
      const source = await logOf(big);
      await using feeder = feederOn(network, source);
      const log = await logOf();
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      await using replica = replicaOn(network, log, {
        maxPendingBytes: 100_000,
        onEntries: () => held,
      });
      await event(replica, 'streaming');
      // Until nothing moves any more: what is on its way fits into the buffers.
      let sent = -1n;
      for (let still = 0; still < 5; ) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        const now = feeder.replicas()[0]?.sent ?? 0n;
        still = now === sent && now > 0n ? still + 1 : 0;
        sent = now;
      }
      try {
        if (network instanceof MemoryNetwork) {
          expect(sent).toBeLessThan(60n);
          for (const { peak } of network.connections) expect(peak).toBeLessThan(BOUND);
        }
        expect(log.range.last).toBeLessThan(400n);
      } finally {
        release();
      }
      await replica.applied(400n);
      expect(log.digest()).toBe(source.digest());
    });

    it('many replicas; acknowledgements are counted', async () => {
      const network = await open();
      const source = await logOf(commits(10));
      await using feeder = feederOn(network, source);
      const logs = await Promise.all([1, 2, 3].map(() => logOf()));
      const replicas = logs.map((log, i) => replicaOn(network, log, { name: `replica-${i}` }));
      await feeder.waitForAcks(10n, 3);
      await replicas[0]!.close();
      await source.append(commits(5, 'x'));
      await feeder.waitForAcks(15n, 2);
      const stop = new AbortController();
      const waiting = feeder.waitForAcks(15n, 3, { signal: stop.signal });
      stop.abort(new Error('too long'));
      await expect(waiting).rejects.toThrow('too long');
      await expect(feeder.waitForAcks(1n, 0)).rejects.toMatchObject({ code: 'argument' });
      const left = feeder.waitForAcks(99n, 1);
      await feeder.close();
      await expect(left).rejects.toMatchObject({ code: 'closed' });
      for (const replica of replicas) await replica.close();
      expect(logs[1]!.digest()).toBe(source.digest());
    });

    it('a replica feeds another one', async () => {
      const [first, second] = [await open(), await open()];
      const source = await logOf(commits(30));
      await using _feeder = feederOn(first, source);
      const middle = await logOf(commits(3), commits(4, 'm'));
      await using _middle = replicaOn(first, middle);
      await using _relay = feederOn(second, middle);
      const end = await logOf();
      await using replica = replicaOn(second, end);
      await source.append(commits(20, 'x'));
      await replica.applied(50n);
      expect(end.digest()).toBe(source.digest());
    });

    it('a signal closes both sides', async () => {
      const network = await open();
      const stop = new AbortController();
      const { signal } = stop;
      const feeder = feederOn(network, await logOf(commits(5)), { signal });
      const replica = replicaOn(network, await logOf(), { signal });
      await replica.applied(5n);
      stop.abort();
      await replica.finished;
      await feeder.close();
      expect(feeder.replicas()).toEqual([]);
    });
  });
});
