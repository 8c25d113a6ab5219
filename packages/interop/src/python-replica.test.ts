import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNode, type NodeOptions, type ShoalNode } from '@shoal/node';
import { MemoryLog, type NewEntry, SyncupError } from '@shoal/syncup';
import { type Feeder, type FeederOptions, startFeeder, startReplica } from '@shoal/syncup/driver';
import { createTcpTransport } from '@shoal/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PythonProcess } from './python-process.ts';
import { until } from './until.ts';

// A replica and a feeder in Python, written from docs/wire-protocol.md, over real TCP.

/** A log of transactions of two entries, data and commit. Above `fork` it is like no other's. */
interface Shape {
  readonly entries: number;
  readonly fork?: number;
  readonly tag?: string;
}

const tcp = createTcpTransport();
let folder: string;
let files = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-python-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const path = (name: string): string => join(folder, `${files++}-${name}`);

function entriesOf({ entries, fork = entries, tag = '' }: Shape): NewEntry[] {
  return Array.from({ length: entries }, (_, i) => ({
    type: i % 2,
    payload: new TextEncoder().encode(i < fork ? `entry ${i}` : `entry ${i} of ${tag}`),
  }));
}

async function logOf(shape: Shape): Promise<MemoryLog> {
  const log = new MemoryLog();
  await log.append(entriesOf(shape));
  return log;
}

/** A file with a log, for the Python programs. */
function fileOf(shape: Shape): string {
  const file = path('log.jsonl');
  const lines = entriesOf(shape).map(({ type, payload }) =>
    JSON.stringify({ type, payload: Buffer.from(payload).toString('hex') }),
  );
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  return file;
}

const hashOf = (lines: readonly string[]): string =>
  createHash('sha256').update(lines.join('\n')).digest('hex');

/** A hash of every entry that a Python program wrote. */
function contentsOfFile(file: string): string {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return hashOf(
    lines.map((line) => {
      const { vlsn, type, payload } = JSON.parse(line) as Record<string, unknown>;
      return `${vlsn} ${type} ${payload}`;
    }),
  );
}

/** The same of a log of Shoal. */
async function contents(log: MemoryLog): Promise<string> {
  const { first, last } = log.range;
  const lines: string[] = [];
  if (first === 0n) return hashOf(lines);
  for await (const batch of log.read(first)) {
    for (const { vlsn, type, payload } of batch) {
      lines.push(`${vlsn} ${type} ${Buffer.from(payload).toString('hex')}`);
    }
    if (batch.at(-1)!.vlsn === last) break;
  }
  return hashOf(lines);
}

async function serve(
  log: MemoryLog,
  options: Partial<FeederOptions> = {},
): Promise<{ readonly feeder: Feeder; readonly address: string }> {
  const listener = await tcp.listen('127.0.0.1:0');
  return { feeder: startFeeder({ log, listener, ...options }), address: listener.address };
}

function startNode(name: string, options: Partial<NodeOptions>): Promise<ShoalNode> {
  return createNode({
    name,
    label: 'nodes',
    bind: '127.0.0.1:0',
    ...options,
  });
}

/** Runs a Python replica until it has applied the feeder's log, and returns it with its log. */
function pythonReplica(
  address: string,
  own: Shape,
  args: readonly string[] = [],
): { readonly process: PythonProcess; readonly out: string; readonly archives: string } {
  const out = path('out.jsonl');
  const archives = mkdtempSync(path('archives-'));
  const process = new PythonProcess('replica', [
    ...['--connect', address, '--log', fileOf(own), '--archives', archives, '--out', out],
    ...['--name', 'python', ...args],
  ]);
  return { process, out, archives };
}

async function pythonFeeder(
  shape: Shape,
  args: readonly string[] = [],
): Promise<{ readonly process: PythonProcess; readonly address: string }> {
  const process = new PythonProcess('feeder', ['--log', fileOf(shape), ...args]);
  const { address } = await process.waitFor('listening', ({ event }) => event === 'listening');
  return { process, address: address as string };
}

const feeders: Shape = { entries: 300, fork: 200, tag: 'feeder' };
/** Logs of replicas, each with the matchpoint that it has with {@link feeders}. */
const shapes: [string, Shape, number][] = [
  ['empty', { entries: 0 }, 0],
  ['identical', feeders, 300],
  ['a prefix', { entries: 100 }, 100],
  ['a prefix in the middle of a transaction', { entries: 101 }, 100],
  ['ahead', { ...feeders, entries: 340 }, 300],
  ['diverged by 2', { entries: 202, fork: 200, tag: 'replica' }, 200],
  ['diverged by 150', { entries: 350, fork: 200, tag: 'replica' }, 200],
];
describe('a Python replica of a Shoal feeder', () => {
  it.each(shapes)(
    'syncs up when it is %s',
    async (_name, own, matchpoint) => {
      const log = await logOf(feeders);
      const { feeder, address } = await serve(log);
      await using _feeder = feeder;
      const { process, out, archives } = pythonReplica(address, own, ['--until', '300']);
      await using _process = process;
      await feeder.waitForAcks(300n, 1, { signal: AbortSignal.timeout(30_000) });
      expect(await process.exit, JSON.stringify(process.events)).toBe(0);
      expect(contentsOfFile(out)).toBe(await contents(log));

      const rollbacks = process.events.filter(({ event }) => event === 'rollback');
      if (own.entries === matchpoint) {
        expect(rollbacks).toEqual([]);
        expect(readdirSync(archives)).toEqual([]);
        return;
      }
      const [first, last] = [matchpoint + 1, own.entries];
      expect(rollbacks).toEqual([{ event: 'rollback', matchpoint, first, last }]);
      const archived = readFileSync(join(archives, '1.jsonl'), 'utf8').split('\n').filter(Boolean);
      expect(archived.map((line) => JSON.parse(line))).toEqual(
        entriesOf(own)
          .map(({ type, payload }, i) => {
            return { vlsn: i + 1, type, payload: Buffer.from(payload).toString('hex') };
          })
          .slice(matchpoint),
      );
    },
    60_000,
  );

  it('accepts entries with checksums, without chained fingerprints', async () => {
    const log = await logOf(feeders);
    const { feeder, address } = await serve(log, { batchBytes: 500 });
    await using _feeder = feeder;
    const args = ['--until', '300', '--unchained'];
    const { process, out } = pythonReplica(address, { entries: 20 }, args);
    await using _process = process;
    expect(await process.exit, JSON.stringify(process.events)).toBe(0);
    expect(contentsOfFile(out)).toBe(await contents(log));
  }, 60_000);

  it('follows what is appended, and learns what is durable from heartbeats', async () => {
    const log = await logOf({ entries: 10 });
    const { feeder, address } = await serve(log, { majority: 1, heartbeatInterval: 100 });
    await using _feeder = feeder;
    const { process } = pythonReplica(address, { entries: 0 });
    await using _process = process;
    await feeder.waitForAcks(10n, 1, { signal: AbortSignal.timeout(30_000) });
    expect(feeder.replicas()).toMatchObject([{ name: 'python', dialect: 'shoal', acked: 10n }]);
    await log.append([{ type: 1, payload: Uint8Array.of(7) }]);
    await feeder.waitForAcks(11n, 1, { signal: AbortSignal.timeout(30_000) });
    await process.waitFor('a heartbeat', (event) => {
      return event.event === 'heartbeat' && event['durable'] === 11;
    });
  }, 60_000);

  it('stays connected to a feeder that has nothing to send', async () => {
    const log = await logOf({ entries: 10 });
    // Nine heartbeats take longer than the silence that this feeder accepts.
    const { feeder, address } = await serve(log, { idleTimeout: 3000, heartbeatInterval: 500 });
    await using _feeder = feeder;
    const ended: unknown[] = [];
    feeder.on('disconnected', ({ error }) => ended.push(error));
    const { process } = pythonReplica(address, { entries: 10 });
    await using _process = process;
    let beats = 0;
    await until('nine heartbeats', () => {
      beats = process.events.filter(({ event }) => event === 'heartbeat').length;
      return beats >= 9;
    });
    expect(ended).toEqual([]);
  }, 60_000);

  it('restores when nothing is in common, and keeps what it had', async () => {
    const log = await logOf(feeders);
    const { feeder, address } = await serve(log);
    await using _feeder = feeder;
    const own: Shape = { entries: 50, fork: 0, tag: 'other' };
    const { process, out, archives } = pythonReplica(address, own, ['--until', '300']);
    await using _process = process;
    expect(await process.exit, JSON.stringify(process.events)).toBe(0);
    expect(contentsOfFile(out)).toBe(await contents(log));
    expect(contentsOfFile(join(archives, '1.jsonl'))).toBe(await contents(await logOf(own)));
  }, 60_000);

  it('restores a log whose head was trimmed', async () => {
    const log = await logOf(feeders);
    await log.trimHead(250n);
    const { feeder, address } = await serve(log);
    await using _feeder = feeder;
    const { process, out } = pythonReplica(address, { entries: 100 }, ['--until', '300']);
    await using _process = process;
    expect(await process.exit, JSON.stringify(process.events)).toBe(0);
    expect(contentsOfFile(out)).toBe(await contents(log));
    expect(log.range.first).toBeGreaterThan(1n);
  }, 60_000);

  it('resumes a restore that was interrupted', async () => {
    const log = new MemoryLog();
    const payload = new Uint8Array(1000).fill(7);
    await log.append(Array.from({ length: 400 }, () => ({ type: 1, payload })));
    const { feeder, address } = await serve(log);
    await using _feeder = feeder;
    const offsets: number[] = [];
    feeder.on('restore', ({ offset }) => offsets.push(offset));
    const own: Shape = { entries: 50, fork: 0, tag: 'other' };
    const args = ['--until', '400', '--break-after', '100000'];
    const { process, out } = pythonReplica(address, own, args);
    await using _process = process;
    expect(await process.exit, JSON.stringify(process.events)).toBe(0);
    expect(contentsOfFile(out)).toBe(await contents(log));
    expect(offsets).toHaveLength(2);
    expect(offsets[0]).toBe(0);
    expect(offsets[1]).toBeGreaterThanOrEqual(100_000);
  }, 60_000);

  it.each<[string, Partial<FeederOptions>, readonly string[], number]>([
    ['another label', { label: 'a' }, ['--label', 'b'], 3],
    ['a higher term than the feeder knows', { term: 1n }, ['--term', '2'], 4],
    ['no restore where one is needed', { restore: false }, [], 7],
  ])(
    'gets a goodbye for %s',
    async (_name, options, args, code) => {
      const { feeder, address } = await serve(await logOf(feeders), options);
      await using _feeder = feeder;
      const own: Shape = { entries: 50, fork: 0, tag: 'other' };
      const { process } = pythonReplica(address, own, args);
      await using _process = process;
      await process.waitFor('the goodbye', (event) => {
        return event.event === 'goodbye' && event['code'] === code;
      });
    },
    60_000,
  );

  it('refuses to undo durable entries', async () => {
    const { feeder, address } = await serve(await logOf(feeders));
    await using _feeder = feeder;
    const reasons: unknown[] = [];
    feeder.on('disconnected', ({ error }) => reasons.push(error));
    const own: Shape = { entries: 210, fork: 200, tag: 'replica' };
    const { process, out } = pythonReplica(address, own, ['--durable', '210']);
    await using _process = process;
    expect(await process.exit).toBe(0);
    expect(contentsOfFile(out)).toBe(await contents(await logOf(own)));
    await until('the feeder knows why', () => reasons.length > 0);
    expect(String(reasons[0])).toContain('goodbye (11)');
  }, 60_000);

  it('is a learner of a leader, whose service it names', async () => {
    const log = new MemoryLog();
    const node = await startNode('a', { voters: ['a'], log });
    try {
      await until('it leads', () => node.role === 'leader');
      const entries = entriesOf({ entries: 20 });
      // Each second one is a commit, which ends a batch.
      for (let i = 0; i < 20; i += 2) await node.append(entries.slice(i, i + 2));
      const last = Number(log.range.last);
      const args = ['--until', String(last), '--label', 'nodes', '--nodes'];
      const { process, out } = pythonReplica(node.address, { entries: 0 }, args);
      await using _process = process;
      expect(await process.exit, JSON.stringify(process.events)).toBe(0);
      expect(contentsOfFile(out)).toBe(await contents(log));
    } finally {
      await node.close();
    }
  }, 60_000);
});

describe('a Python voter', () => {
  it('votes for a leader, and counts towards the majority', async () => {
    const voters = ['a', 'b', 'python'];
    const a = await startNode('a', { voters, log: new MemoryLog() });
    const b = await startNode('b', { voters, log: new MemoryLog(), seeds: [a.address] });
    try {
      const args = ['--connect', a.address, '--to', 'a', '--name', 'python', '--label', 'nodes'];
      await using process = new PythonProcess('voter', args);
      await process.waitFor('its vote', ({ event }) => event === 'granted');
      await process.waitFor('its stream', ({ event }) => event === 'streaming');
      expect(a.role).toBe('leader');
      expect(a.voters).toEqual(voters);
      await b.close();
      // Two of the three voters are left: the leader, and the one in Python.
      const signal = AbortSignal.timeout(30_000);
      const { last } = await a.append(entriesOf({ entries: 2 }), { signal });
      await process.waitFor('the entries', (event) => {
        return event.event === 'applied' && event['last'] === Number(last);
      });
    } finally {
      await Promise.all([a.close(), b.close()]);
    }
  }, 60_000);
});

describe('a Shoal replica of a Python feeder', () => {
  it.each(shapes)(
    'syncs up when it is %s',
    async (_name, own, matchpoint) => {
      const { process, address } = await pythonFeeder(feeders);
      await using _process = process;
      const log = await logOf(own);
      await using replica = startReplica({
        log,
        name: 'shoal',
        dial: (options) => tcp.dial(address, options),
      });
      const discarded: [bigint, bigint][] = [];
      replica.on('rollback', (event) => discarded.push([event.matchpoint, event.discarded.last]));
      await new Promise((resolve) => replica.on('streaming', resolve));
      await replica.applied(300n, { signal: AbortSignal.timeout(30_000) });
      expect(await contents(log)).toBe(await contents(await logOf(feeders)));
      const expected =
        own.entries === matchpoint ? [] : [[BigInt(matchpoint), BigInt(own.entries)]];
      expect(discarded).toEqual(expected);
      if (own.entries === 300) return;
      await process.waitFor('the last ack', (event) => {
        return event.event === 'ack' && event['replica'] === 'shoal' && event['vlsn'] === 300;
      });
    },
    60_000,
  );

  it('follows what is appended', async () => {
    const { process, address } = await pythonFeeder({ entries: 10 });
    await using _process = process;
    const log = new MemoryLog();
    await using replica = startReplica({ log, dial: (options) => tcp.dial(address, options) });
    await replica.applied(10n, { signal: AbortSignal.timeout(30_000) });
    process.command('append 0 6b3d76');
    process.command('append 1');
    await replica.applied(12n, { signal: AbortSignal.timeout(30_000) });
    await process.waitFor('its ack', ({ event, vlsn }) => event === 'ack' && vlsn === 12);
    // Without entries, heartbeats keep the stream alive and tell what the feeder holds.
    await until('a heartbeat', () => replica.lag?.feederLast === 12n && replica.lag.entries === 0n);
  }, 60_000);

  it('restores when nothing is in common, also after an interruption', async () => {
    const { process, address } = await pythonFeeder({ entries: 4000 }, ['--break-after', '30000']);
    await using _process = process;
    const log = await logOf({ entries: 50, fork: 0, tag: 'other' });
    await using replica = startReplica({
      log,
      dial: (options) => tcp.dial(address, options),
      reconnect: { minDelay: 10, maxDelay: 100 },
    });
    await new Promise((resolve) => replica.on('streaming', resolve));
    await replica.applied(4000n, { signal: AbortSignal.timeout(30_000) });
    expect(await contents(log)).toBe(await contents(await logOf({ entries: 4000 })));
    const offsets = process.events.flatMap(({ event, offset }) =>
      event === 'restore' ? [offset as number] : [],
    );
    expect(offsets).toHaveLength(2);
    expect(offsets[0]).toBe(0);
    expect(offsets[1]).toBeGreaterThan(0);
    const archives = [];
    for await (const archive of log.archives()) archives.push(archive.last);
    expect(archives).toEqual([50n]);
  }, 60_000);

  it.each<[string, readonly string[], Partial<Parameters<typeof startReplica>[0]>, string]>([
    ['another label', ['--label', 'a'], { label: 'b' }, 'label'],
    ['a higher term than the feeder knows', ['--term', '1'], { term: 2n }, 'stale-term'],
  ])(
    'gets a goodbye for %s',
    async (_name, args, options, code) => {
      const { process, address } = await pythonFeeder(feeders, args);
      await using _process = process;
      await using replica = startReplica({
        log: new MemoryLog(),
        dial: (dialing) => tcp.dial(address, dialing),
        reconnect: false,
        ...options,
      });
      const error: unknown = await replica.finished.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(SyncupError);
      expect(error).toMatchObject({ code });
    },
    60_000,
  );
});
