import { statSync } from 'node:fs';
import { join } from 'node:path';
import { MemoryLog } from '@shoal/syncup';
import { ChainedFingerprint } from '@shoal/syncup/internal';
import { describe, expect, it } from 'vitest';
import { BlockStore } from '../src/blocks/block-store.ts';
import { BlockWriter } from '../src/blocks/block-writer.ts';
import { START } from '../src/blocks/position.ts';
import { garbageRecords } from '../src/history/garbage.ts';
import { openLmdbLog } from '../src/open/open-lmdb-log.ts';
import { temporaryDirectories } from '../test/directory.test-helper.ts';
import { code, commits, stored, texts } from '../test/log.test-helper.ts';

const directory = temporaryDirectories();

describe('space on the disk', () => {
  it('is reused after trimming', async () => {
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

  it('of an archive is freed when it is deleted', async () => {
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

  it('of a restore that a crash interrupted is freed', async () => {
    const path = directory();
    const log = await openLmdbLog({ path });
    await log.append(commits(3));
    await log.close();
    // What a restore leaves behind when its process is killed.
    const store = await BlockStore.open({ path, cacheBytes: 0 });
    const writer = new BlockWriter({
      generation: 7,
      from: START,
      kinds: new Uint8Array(256),
      fingerprinter: new ChainedFingerprint(),
    });
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

  it('of a failed restore is freed at once', async () => {
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
