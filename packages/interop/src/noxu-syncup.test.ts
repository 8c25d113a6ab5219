import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryLog, NOXU_ENTRY_KINDS } from '@shoal/syncup';
import { type Rollback, startFeeder, startReplica } from '@shoal/syncup/driver';
import { createTcpTransport } from '@shoal/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RustProcess, rustBinary } from './rust-process.ts';

// A log as `noxu-peer --generate` makes it; see packages/interop/rust/README.md.
interface Shape {
  readonly entries: number;
  readonly divergeAt?: number;
  readonly tag?: string;
  readonly syncEvery?: number;
}

const tcp = createTcpTransport();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-noxu-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function args({ entries, divergeAt, tag, syncEvery }: Shape): string[] {
  if (entries === 0) return ['--empty'];
  return [
    ...['--generate', String(entries)],
    ...(syncEvery ? ['--sync-every', String(syncEvery)] : []),
    ...(divergeAt === undefined
      ? []
      : ['--diverge-at', String(divergeAt), '--tag', tag ?? 'other']),
  ];
}

let files = 0;

/** The same log in memory, read from what the Rust program wrote. */
async function memoryLog(shape: Shape): Promise<MemoryLog> {
  const log = new MemoryLog({ kinds: NOXU_ENTRY_KINDS, fingerprint: 'noxu' });
  if (shape.entries === 0) return log;
  const file = join(folder, `${files++}.jsonl`);
  execFileSync(rustBinary('noxu-peer'), ['log', ...args(shape), '--out', file]);
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  await log.append(
    lines.map((line) => {
      const { type, payload } = JSON.parse(line) as { type: number; payload: string };
      return { type, payload: Uint8Array.from(Buffer.from(payload, 'hex')) };
    }),
  );
  return log;
}

/** A hash of every entry's type and payload, to compare logs by. */
async function contents(log: MemoryLog): Promise<string> {
  const entries: string[] = [];
  const last = log.range.last;
  for await (const batch of log.read(1n)) {
    for (const { type, payload } of batch)
      entries.push(`${type} ${Buffer.from(payload).toString('hex')}`);
    if (BigInt(entries.length) >= last) break;
  }
  return hashOf(entries);
}

function hashOf(entries: readonly string[]): string {
  return createHash('sha256').update(entries.join('\n')).digest('hex');
}

const base = (entries: number): Shape => ({ entries });

describe('a Shoal replica of a real Noxu feeder', () => {
  it.each<[string, Shape, Shape, bigint]>([
    ['identical', base(100), base(100), 100n],
    ['a prefix', base(60), base(100), 60n],
    ['ahead', base(140), base(100), 100n],
    [
      'diverged by 1',
      { entries: 101, divergeAt: 100 },
      { entries: 105, divergeAt: 100, tag: 'f' },
      100n,
    ],
    [
      'diverged by 10',
      { entries: 110, divergeAt: 100 },
      { entries: 150, divergeAt: 100, tag: 'f' },
      100n,
    ],
    [
      'diverged by 1,000',
      { entries: 2_000, divergeAt: 1_000 },
      { entries: 2_500, divergeAt: 1_000, tag: 'f' },
      1_000n,
    ],
    ['empty', base(0), base(100), 0n],
  ])(
    'syncs up when it is %s',
    async (_name, own, feeders, matchpoint) => {
      await using feeder = new RustProcess('noxu-peer', [
        'feeder',
        '--listen',
        '127.0.0.1:0',
        ...args(feeders),
      ]);
      const { addr } = await feeder.waitFor('listening', ({ event }) => event === 'listening');
      const log = await memoryLog(own);
      const rollbacks: Rollback[] = [];
      await using replica = startReplica({
        log,
        dialect: 'noxu',
        dial: (options) => tcp.dial(addr as string, options),
        onRollback: (rollback) => void rollbacks.push(rollback),
      });
      // Before the handshake, `applied` would count entries that a rollback is about to remove.
      await new Promise((resolve) => replica.on('streaming', resolve));
      await replica.applied(BigInt(feeders.entries));
      expect(await contents(log)).toBe(await contents(await memoryLog(feeders)));

      const discarded = BigInt(own.entries) - matchpoint;
      expect(rollbacks.map((each) => each.matchpoint)).toEqual(discarded > 0n ? [matchpoint] : []);
      if (discarded > 0n) {
        expect(rollbacks[0]!.discarded.first).toBe(matchpoint + 1n);
        expect(rollbacks[0]!.discarded.last).toBe(BigInt(own.entries));
      }
    },
    60_000,
  );

  it('ends with restore-needed when nothing is in common, and keeps its log', async () => {
    const other: Shape = { entries: 50, divergeAt: 0, tag: 'f' };
    await using feeder = new RustProcess('noxu-peer', [
      'feeder',
      '--listen',
      '127.0.0.1:0',
      ...args(other),
    ]);
    const { addr } = await feeder.waitFor('listening', ({ event }) => event === 'listening');
    const log = await memoryLog(base(50));
    await using replica = startReplica({
      log,
      dialect: 'noxu',
      dial: (options) => tcp.dial(addr as string, options),
    });
    await expect(replica.finished).rejects.toMatchObject({ code: 'restore-needed' });
    expect(log.range.last).toBe(50n);
  }, 60_000);

  it('streams 100,000 entries, and the feeder gets its acknowledgements', async () => {
    await using feeder = new RustProcess('noxu-peer', [
      ...['feeder', '--listen', '127.0.0.1:0', '--generate', '100000'],
    ]);
    const { addr } = await feeder.waitFor('listening', ({ event }) => event === 'listening');
    const log = new MemoryLog({ kinds: NOXU_ENTRY_KINDS, fingerprint: 'noxu' });
    await using replica = startReplica({
      log,
      dialect: 'noxu',
      dial: (options) => tcp.dial(addr as string, options),
    });
    await replica.applied(100_000n, { signal: AbortSignal.timeout(60_000) });
    await feeder.waitFor('the last ack', ({ event, ackedVlsn }) => {
      return event === 'caughtUp' && ackedVlsn === '100000';
    });
  }, 90_000);
});

describe('a real Noxu replica of a Shoal feeder', () => {
  it.each<[string, Shape, Shape]>([
    ['identical', base(100), base(100)],
    ['a prefix', base(60), base(100)],
    ['ahead', base(140), base(100)],
    [
      'diverged by 10',
      { entries: 110, divergeAt: 100 },
      { entries: 150, divergeAt: 100, tag: 'f' },
    ],
    [
      'diverged by 1,000',
      { entries: 2_000, divergeAt: 1_000, syncEvery: 50 },
      { entries: 2_500, divergeAt: 1_000, tag: 'f', syncEvery: 50 },
    ],
  ])(
    'syncs up when it is %s',
    async (_name, own, feeders) => {
      const log = await memoryLog(feeders);
      const listener = await tcp.listen('127.0.0.1:0');
      await using _feeder = startFeeder({ log, listener });
      const until = String(feeders.entries);
      const out = join(folder, `${files++}.jsonl`);
      await using replica = new RustProcess('noxu-peer', [
        ...['replica', '--connect', listener.address, ...args(own), '--until', until, '--out', out],
      ]);
      expect(await replica.exit, JSON.stringify(replica.events)).toBe(0);
      const expected = await contents(log);
      const lines = readFileSync(out, 'utf8').split('\n').filter(Boolean);
      const received = lines.map((line) => {
        const { type, payload } = JSON.parse(line) as { type: number; payload: string };
        return `${type} ${payload}`;
      });
      expect(hashOf(received)).toBe(expected);
    },
    90_000,
  );

  it('gets no matchpoint when nothing is in common', async () => {
    const log = await memoryLog({ entries: 50, divergeAt: 0, tag: 'f' });
    const listener = await tcp.listen('127.0.0.1:0');
    await using _feeder = startFeeder({ log, listener });
    await using replica = new RustProcess('noxu-peer', [
      ...['replica', '--connect', listener.address, ...args(base(50))],
    ]);
    expect(await replica.exit).toBe(3);
  }, 60_000);

  it('takes 100,000 entries, and acknowledges all of them', async () => {
    const log = await memoryLog(base(100_000));
    const listener = await tcp.listen('127.0.0.1:0');
    await using feeder = startFeeder({ log, listener });
    await using replica = new RustProcess('noxu-peer', [
      ...['replica', '--connect', listener.address, '--empty', '--until', '100000', '--from-zero'],
    ]);
    await feeder.waitForAcks(100_000n, 1, { signal: AbortSignal.timeout(60_000) });
    expect(await replica.exit, JSON.stringify(replica.events)).toBe(0);
  }, 90_000);
});
