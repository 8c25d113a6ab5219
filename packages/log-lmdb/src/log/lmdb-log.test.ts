import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LogStore, MemoryLog, type NewEntry, NOXU_ENTRY_KINDS } from '@shoal/syncup';
import { ChainedFingerprint } from '@shoal/syncup/internal';
import { open } from 'lmdb';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { temporaryDirectories } from '../../test/directory.test-helper.ts';
import { BlockStore } from '../blocks/block-store.ts';
import { BlockWriter } from '../blocks/block-writer.ts';
import { START } from '../blocks/position.ts';
import { garbageRecords } from '../history/garbage.ts';
import { openLmdbLog } from '../open/open-lmdb-log.ts';

const directory = temporaryDirectories();
const code = (value: string): unknown => expect.objectContaining({ code: value });

afterEach(() => vi.restoreAllMocks());

function commits(count: number, size = 10, prefix = 'c'): NewEntry[] {
  return Array.from({ length: count }, (_, i) => ({
    type: 1,
    payload: new Uint8Array(Buffer.alloc(size, `${prefix}${i};`)),
  }));
}

async function texts(log: LogStore): Promise<string[]> {
  const all: string[] = [];
  const { first, last } = log.range;
  if (first === 0n) return all;
  for await (const batch of log.read(first)) {
    for (const { vlsn, payload } of batch) all.push(`${vlsn} ${Buffer.from(payload)}`);
    if (batch.at(-1)!.vlsn === last) break;
  }
  return all;
}

/** How many blocks there are on the disk, and which notes of garbage. */
async function stored(path: string): Promise<{ blocks: number; garbage: unknown[] }> {
  const store = await BlockStore.open({ path, cacheBytes: 0 });
  let blocks = 0;
  for (let generation = 0; generation < 20; generation++) {
    for (const _ of store.firsts(generation, 0, Number.POSITIVE_INFINITY)) blocks++;
  }
  const garbage = store.records('garbage/');
  await store.close();
  return { blocks, garbage };
}

describe('group commit', () => {
  it('appends under way at once share a transaction', async () => {
    await using log = await openLmdbLog({ path: directory() });
    const commit = vi.spyOn(BlockStore.prototype, 'commit');
    await Promise.all(Array.from({ length: 200 }, () => log.append(commits(1))));
    expect(commit).toHaveBeenCalledTimes(1);
    expect(log.range.last).toBe(200n);
    // What comes while one is under way goes into the next.
    const first = log.append(commits(1));
    await new Promise((resolve) => setImmediate(resolve));
    expect(commit).toHaveBeenCalledTimes(2);
    await Promise.all([first, ...Array.from({ length: 50 }, () => log.append(commits(1)))]);
    expect(commit).toHaveBeenCalledTimes(3);
  });

  it('durable appends wait for the disk, others do not', async () => {
    const path = directory();
    await using log = await openLmdbLog({ path });
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const original = BlockStore.prototype.commit;
    vi.spyOn(BlockStore.prototype, 'commit').mockImplementation(async function (
      this: BlockStore,
      change,
    ) {
      await held;
      return original.call(this, change);
    });
    let durable = false;
    const first = log.append(commits(2)).then(() => {
      durable = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(log.range.last).toBe(0n);
    expect(await log.append(commits(3), { durable: false })).toMatchObject({ last: 5n });
    expect(await texts(log)).toHaveLength(5);
    expect(log.syncAtOrBefore(9n)?.vlsn).toBe(5n);
    expect((await log.passedTransactions(1n)).vlsns).toEqual([2n, 3n, 4n, 5n]);
    expect(durable).toBe(false);
    release();
    await first;
  });

  it('`durable: false` may be the default', async () => {
    const path = directory();
    const log = await openLmdbLog({ path, durable: false });
    const commit = vi.spyOn(BlockStore.prototype, 'commit');
    await log.append(commits(3));
    expect(commit).not.toHaveBeenCalled();
    await log.append([], { durable: true });
    expect(commit).toHaveBeenCalledTimes(1);
    await log.close();
  });

  it('no more than maxPendingBytes are under way, and closing waits for all', async () => {
    const path = directory();
    const log = await openLmdbLog({ path, maxPendingBytes: 10_000 });
    const original = BlockStore.prototype.commit;
    let most = 0;
    vi.spyOn(BlockStore.prototype, 'commit').mockImplementation(function (
      this: BlockStore,
      change,
    ) {
      const bytes = (change.add ?? []).reduce((sum, block) => sum + block.bytes.length, 0);
      most = Math.max(most, bytes);
      return original.call(this, change);
    });
    const appends = Array.from({ length: 40 }, () => log.append(commits(3, 1000)));
    const large = log.append(commits(1, 500_000));
    const rolledBack = log.rollback(100n, 'test');
    await log.close();
    await Promise.all([...appends, large]);
    expect((await rolledBack).last).toBe(121n);
    expect(most).toBeGreaterThan(500_000);
    expect(most).toBeLessThan(501_000);
    await using again = await openLmdbLog({ path });
    expect(again.range.last).toBe(100n);
    await again.verify();
  });

  it('a rollback waits for the appends before it, and those after it for the rollback', async () => {
    await using log = await openLmdbLog({ path: directory() });
    const all = [
      log.append(commits(5)),
      log.rollback(2n, 'test'),
      log.append(commits(1, 5, 'n'), { durable: false }),
      log.trimHead(2n),
    ];
    await Promise.all(all);
    expect(await texts(log)).toEqual(['2 c1;c1;c1;c', '3 n0;n0']);
  });
});

describe('space on the disk', () => {
  it('is used again after trimming', async () => {
    const path = directory();
    const log = await openLmdbLog({ path });
    const sizes: number[] = [];
    for (let round = 0; round < 30; round++) {
      await log.append(commits(100, 5000));
      await log.trimHead(log.range.last);
      sizes.push(statSync(join(path, 'data.mdb')).size);
    }
    await log.close();
    expect(sizes.at(-1)).toBeLessThanOrEqual(sizes[5]!);
    expect(await stored(path)).toEqual({ blocks: 1, garbage: [] });
  });

  it('of an archive is given back when it is deleted', async () => {
    const path = directory();
    const log = await openLmdbLog({ path });
    await log.append(commits(200, 1000));
    const archive = await log.rollback(50n, 'test');
    await log.append(commits(3));
    expect(await log.deleteArchive('nonsense')).toBe(false);
    expect(await log.deleteArchive('1.0')).toBe(false);
    const reading = archive.entries()[Symbol.asyncIterator]();
    expect(await log.deleteArchive(archive.id)).toBe(true);
    expect(await log.deleteArchive(archive.id)).toBe(false);
    await expect(reading.next()).rejects.toThrow(code('trimmed'));
    expect(await texts(log)).toHaveLength(53);
    await log.verify();
    await log.close();
    // One of 62 entries that the log still needs, and one of the three.
    expect(await stored(path)).toEqual({ blocks: 2, garbage: [] });
  });

  it('stays as long as a snapshot needs it', async () => {
    const path = directory();
    const log = await openLmdbLog({ path });
    await log.append(commits(200, 1000));
    const snapshot = await log.exportSnapshot();
    await log.trimHead(200n);
    expect(log.range.first).toBe(200n);
    let bytes = 0;
    for await (const chunk of snapshot.chunks()) bytes += chunk.length;
    expect(bytes).toBe(snapshot.size);
    await snapshot[Symbol.asyncDispose]();
    await log.close();
    expect(await stored(path)).toEqual({ blocks: 1, garbage: [] });
  });

  it('of a restore that a crash has ended is given back', async () => {
    const path = directory();
    const log = await openLmdbLog({ path });
    await log.append(commits(3));
    await log.close();
    // What a restore leaves behind when its process is killed.
    const store = await BlockStore.open({ path, cacheBytes: 0 });
    const writer = new BlockWriter(7, START, new Uint8Array(256), new ChainedFingerprint());
    for (const { type, payload } of commits(3000, 1000)) writer.add(type, payload);
    writer.seal();
    const records = garbageRecords([{ generation: 7, first: 0, last: Number.POSITIVE_INFINITY }]);
    await store.commit({ add: writer.take(), records });
    await store.close();
    expect((await stored(path)).blocks).toBeGreaterThan(40);

    await using again = await openLmdbLog({ path });
    expect(await texts(again)).toHaveLength(3);
    await again.close();
    expect(await stored(path)).toEqual({ blocks: 1, garbage: [] });
  });

  it('of a restore that failed is given back at once', async () => {
    const path = directory();
    const source = new MemoryLog();
    await source.append(commits(20_000, 1000));
    const log = await openLmdbLog({ path });
    await log.append(commits(3));
    async function* halfOf(): AsyncGenerator<Uint8Array> {
      let bytes = 0;
      for await (const chunk of (await source.exportSnapshot()).chunks()) {
        yield chunk;
        bytes += chunk.length;
        if (bytes > 12_000_000) void log.close();
      }
    }
    await expect(log.importSnapshot(halfOf())).rejects.toThrow(code('closed'));
    await log.close();
    await using again = await openLmdbLog({ path });
    expect(again.range.last).toBe(3n);
    await again.close();
    expect(await stored(path)).toEqual({ blocks: 1, garbage: [] });
  });
});

describe('snapshots', () => {
  it('are the same bytes as those of a MemoryLog', async () => {
    const memory = new MemoryLog();
    await using log = await openLmdbLog({ path: directory() });
    for (const each of [memory, log]) {
      await each.append(commits(100, 3000));
      await each.trimHead(30n);
      await each.rollback(80n, 'test');
      await each.append(commits(9));
      each.noteDurable(50n);
    }
    const bytesOf = async (of: LogStore): Promise<Buffer> => {
      const parts: Uint8Array[] = [];
      for await (const chunk of (await of.exportSnapshot()).chunks()) parts.push(chunk);
      return Buffer.concat(parts);
    };
    const [ours, theirs] = [await bytesOf(log), await bytesOf(memory)];
    expect(ours.length).toBe(theirs.length);
    expect(Buffer.compare(ours, theirs)).toBe(0);
    expect((await log.exportSnapshot()).id).toBe((await memory.exportSnapshot()).id);
  });
});

describe('openLmdbLog', () => {
  it('refuses options out of their range', async () => {
    const path = directory();
    for (const options of [
      { path: '' },
      { path: 'a\0b' },
      { path: 7 as unknown as string },
      { path, maxPendingBytes: 1023 },
      { path, maxPendingBytes: 2 ** 30 + 1 },
      { path, maxPendingBytes: Number.NaN },
      { path, cacheBytes: -1 },
      { path, fingerprint: 'md5' as 'noxu' },
    ]) {
      await expect(openLmdbLog(options)).rejects.toThrow(code('argument'));
    }
  });

  it('refuses to open a log as what it is not, and leaves it alone', async () => {
    const path = directory();
    const log = await openLmdbLog({ path });
    await log.append(commits(3));
    await expect(openLmdbLog({ path: `${path}/.` })).rejects.toThrow(code('argument'));
    await log.close();
    await expect(openLmdbLog({ path, fingerprint: 'noxu' })).rejects.toThrow(code('argument'));
    await expect(openLmdbLog({ path, kinds: NOXU_ENTRY_KINDS })).rejects.toThrow(code('argument'));
    await using again = await openLmdbLog({ path });
    expect(again.range.last).toBe(3n);
  });

  it('refuses what is no log', async () => {
    const file = directory();
    writeFileSync(file, 'a file');
    await expect(openLmdbLog({ path: file })).rejects.toThrow(code('storage'));
    await expect(openLmdbLog({ path: `${file}/below` })).rejects.toThrow(code('storage'));

    const other = directory();
    const db = open({ path: other, noSubdir: false, overlappingSync: false });
    await db.put('somebody', 'else');
    await db.close();
    await expect(openLmdbLog({ path: other })).rejects.toThrow(code('corrupt'));

    const text = directory();
    await (await openLmdbLog({ path: text })).close();
    writeFileSync(join(text, 'data.mdb'), 'text '.repeat(5000));
    await expect(openLmdbLog({ path: text })).rejects.toThrow(code('corrupt'));
  });

  it('takes the log from another process, which cannot write any more', async () => {
    const path = directory();
    await using log = await openLmdbLog({ path });
    await log.append(commits(3));
    // What another process does first.
    const thief = await BlockStore.open({ path, cacheBytes: 0 });
    const waiting = log.read(4n)[Symbol.asyncIterator]().next();
    await log.append(commits(2), { durable: false });
    const lost = log.append(commits(2));
    expect((await waiting).value).toHaveLength(2);
    const after = log.read(6n)[Symbol.asyncIterator]().next();
    await expect(lost).rejects.toThrow(code('storage'));
    await expect(after).rejects.toThrow(code('rolled-back'));
    expect(log.range.last).toBe(3n);
    await expect(log.append([])).rejects.toThrow('another process');
    await expect(log.rollback(1n, 'x')).rejects.toThrow(code('storage'));
    await expect(log.importSnapshot((async function* () {})())).rejects.toThrow(code('storage'));
    expect(await texts(log)).toHaveLength(3);
    await thief.close();
  });

  it('keeps what is durable when nothing is appended any more', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const path = directory();
      const log = await openLmdbLog({ path });
      await log.append(commits(3));
      const commit = vi.spyOn(BlockStore.prototype, 'commit');
      log.noteDurable(2n);
      expect(commit).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1000);
      await vi.waitFor(() =>
        expect(commit).toHaveBeenCalledWith({ add: [], records: { durable: 2 } }),
      );
      await log.close();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('verify', () => {
  it('finds an entry with another fingerprint, and a block that is missing', async () => {
    const path = directory();
    const log = await openLmdbLog({ path });
    await log.append(commits(300, 1000));
    await log.verify();
    await log.close();

    const store = await BlockStore.open({ path, cacheBytes: 0 });
    const [first, second, third] = [...store.firsts(1, 0, Number.POSITIVE_INFINITY)];
    expect(first).toBe(1);
    await store.commit({ remove: [[1, second!]] });
    await store.close();
    await using damaged = await openLmdbLog({ path });
    await expect(damaged.verify()).rejects.toThrow(`VLSN ${second} is missing`);
    expect(() => damaged.entry(BigInt(second!))).toThrow(code('corrupt'));
    expect(damaged.entry(BigInt(third!))).toBeDefined();
    const reader = damaged.read(BigInt(second! - 1))[Symbol.asyncIterator]();
    await expect(reader.next()).rejects.toThrow(code('corrupt'));
  });
});
