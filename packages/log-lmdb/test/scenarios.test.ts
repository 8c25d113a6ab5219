import type { LogStore, NewEntry } from '@shoal/syncup';
import { type Replica, type ReplicaOptions, startFeeder, startReplica } from '@shoal/syncup/driver';
import type { StreamTransport } from '@shoal/transport';
import { createTcpTransport, createTlsTransport } from '@shoal/transport-node';
import { createWebSocketServerTransport } from '@shoal/transport-websocket/server';
import { describe, expect, it } from 'vitest';
import {
  CERTIFICATE,
  PRIVATE_KEY,
} from '../../transport-websocket/test/certificate.test-helper.ts';
import type { LmdbLog } from '../src/log/lmdb-log.ts';
import { openLmdbLog } from '../src/open/open-lmdb-log.ts';
import { temporaryDirectories } from './directory.test-helper.ts';
import { Relay } from './relay.test-helper.ts';

// What a replica may find when it comes, over real transports and with logs on the disk. The
// table in docs/scenarios.md tells where each scenario has its tests.

const directory = temporaryDirectories();

const transports: [string, () => StreamTransport][] = [
  ['TCP', () => createTcpTransport()],
  [
    'mutual TLS',
    () => createTlsTransport({ key: PRIVATE_KEY, cert: CERTIFICATE, ca: CERTIFICATE }),
  ],
  ['WebSocket', () => createWebSocketServerTransport()],
];

const commits = (count: number, prefix: string, size = 40): NewEntry[] =>
  Array.from({ length: count }, (_, i) => ({
    type: i % 4 === 0 ? 0 : 1,
    payload: new TextEncoder().encode(`${prefix}${i}`.padEnd(size, '.')),
  }));

const paths = new WeakMap<LmdbLog, string>();

async function logOf(...batches: NewEntry[][]): Promise<LmdbLog> {
  const path = directory();
  const log = await openLmdbLog({ path });
  paths.set(log, path);
  for (const batch of batches) await log.append(batch);
  return log;
}

function same(log: LogStore, source: LogStore): void {
  expect(log.range).toMatchObject({ last: source.range.last, lastSync: source.range.lastSync });
  expect(log.entry(log.range.last)).toEqual(source.entry(source.range.last));
}

describe.each(transports)('over %s', (_, create) => {
  /** A feeder of `source`, a replica of `log`, and a relay between them. */
  async function run(
    source: LmdbLog,
    log: LmdbLog,
    test: (parts: { replica: Replica; events: string[]; relay: Relay }) => Promise<void>,
    prepare: (relay: Relay) => void = () => {},
  ): Promise<string[]> {
    const transport = create();
    const listener = await transport.listen('127.0.0.1:0');
    const feeder = startFeeder({ log: source, listener, batchBytes: 16_384 });
    const relay = new Relay(listener.address);
    const address = await relay.listen();
    prepare(relay);
    const events: string[] = [];
    feeder.on('restore', ({ offset }) => {
      events.push(offset === 0 ? 'restore' : 'restore goes on');
    });
    const options: ReplicaOptions = {
      log,
      dial: (dialOptions) => transport.dial(address, dialOptions),
      reconnect: { minDelay: 1, maxDelay: 20 },
      name: 'replica',
      onRollback: ({ matchpoint, discarded }) => {
        events.push(`back to ${matchpoint}, undo ${discarded.first}..${discarded.last}`);
      },
    };
    const replica = startReplica(options);
    replica.on('streaming', ({ startVlsn }) => events.push(`stream from ${startVlsn}`));
    try {
      await test({ replica, events, relay });
      await replica.applied(source.range.last);
      await feeder.waitForAcks(source.range.last, 1);
      same(log, source);
      await log.verify();
    } finally {
      await replica.close();
      await feeder.close();
      relay.close();
      await log.close();
      await source.close();
    }
    return events;
  }

  const caughtUp =
    (last: bigint) =>
    ({ replica }: { replica: Replica }): Promise<void> =>
      replica.applied(last);

  it('identical logs', async () => {
    const [source, log] = [await logOf(commits(50, 'a')), await logOf(commits(50, 'a'))];
    expect(await run(source, log, caughtUp(50n))).toEqual(['stream from 51']);
  });

  it('the replica is a prefix, and follows the tail', async () => {
    const [source, log] = [await logOf(commits(300, 'a')), await logOf(commits(100, 'a'))];
    const events = await run(source, log, async ({ replica }) => {
      await replica.applied(300n);
      await source.append(commits(100, 'b'));
    });
    expect(events).toEqual(['stream from 101']);
  });

  it('the replica is ahead', async () => {
    const common = commits(50, 'a');
    const [source, log] = [await logOf(common), await logOf(common, commits(20, 'more'))];
    const events = await run(source, log, caughtUp(50n));
    expect(events).toEqual(['back to 50, undo 51..70', 'stream from 51']);
  });

  it('the logs have diverged', async () => {
    const common = commits(100, 'a');
    const source = await logOf(common, commits(60, 'feeder'));
    const log = await logOf(common, commits(40, 'replica'));
    const events = await run(source, log, caughtUp(160n));
    expect(events).toEqual(['back to 100, undo 101..140', 'stream from 101']);
    const reopened = await openLmdbLog({ path: paths.get(log)! });
    const archives: string[] = [];
    for await (const { first, last } of reopened.archives()) archives.push(`${first}..${last}`);
    expect(archives).toEqual(['101..140']);
    await reopened.close();
  });

  it('the replica is empty', async () => {
    const [source, log] = [await logOf(commits(200, 'a')), await logOf()];
    expect(await run(source, log, caughtUp(200n))).toEqual(['stream from 1']);
  });

  it('nothing in common: a restore', async () => {
    const [source, log] = [await logOf(commits(200, 'a')), await logOf(commits(50, 'other'))];
    const events = await run(source, log, caughtUp(200n));
    expect(events).toEqual(['restore', 'stream from 201']);
  });

  it('a stream is resumed after a lost connection', async () => {
    const [source, log] = [await logOf(commits(2000, 'a', 1000)), await logOf()];
    const events = await run(
      source,
      log,
      async ({ replica, relay }) => {
        await replica.applied(2000n);
        expect(relay.cuts).toBe(1);
      },
      (relay) => {
        relay.cutAfter = 1_000_000;
      },
    );
    expect(events[0]).toBe('stream from 1');
    expect(events).toHaveLength(2);
    expect(events[1]).toMatch(/^stream from [1-9]\d+$/);
  });

  it('a restore is resumed after a lost connection', async () => {
    const source = await logOf(commits(3000, 'a', 1000));
    const log = await logOf(commits(50, 'other'));
    const events = await run(
      source,
      log,
      async ({ replica, relay }) => {
        await replica.applied(3000n);
        expect(relay.cuts).toBe(1);
      },
      (relay) => {
        relay.cutAfter = 1_500_000;
      },
    );
    expect(events).toEqual(['restore', 'restore goes on', 'stream from 3001']);
  });

  it('one byte at a time', async () => {
    const common = commits(10, 'a');
    const source = await logOf(common, commits(20, 'feeder'));
    const log = await logOf(common, commits(5, 'replica'));
    const events = await run(source, log, caughtUp(30n), (relay) => {
      relay.bytewise = true;
    });
    expect(events).toEqual(['back to 10, undo 11..15', 'stream from 11']);
  });
});
