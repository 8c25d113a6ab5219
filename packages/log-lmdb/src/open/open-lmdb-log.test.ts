import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NOXU_ENTRY_KINDS } from '@shoal/syncup';
import { open } from 'lmdb';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { temporaryDirectories } from '../../test/directory.test-helper.ts';
import { code, commits, texts } from '../../test/log.test-helper.ts';
import { BlockStore } from '../blocks/block-store.ts';
import { openLmdbLog } from './open-lmdb-log.ts';

const directory = temporaryDirectories();

afterEach(() => vi.restoreAllMocks());

describe('openLmdbLog', () => {
  it('refuses options out of range', async () => {
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

  it('refuses to open a log with other kinds or fingerprints, and leaves it unchanged', async () => {
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

  it('refuses a directory that holds no log', async () => {
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

  it('refuses a log that a later release wrote, and leaves it unchanged', async () => {
    const path = directory();
    await (await openLmdbLog({ path })).close();
    const setFormat = async (format: number): Promise<void> => {
      const store = await BlockStore.open({ path, cacheBytes: 0 });
      const record = store.record('log') as object;
      await store.commit({ records: { log: { ...record, format } } });
      await store.close();
    };
    await setFormat(2);
    await expect(openLmdbLog({ path })).rejects.toThrow(code('version'));
    await setFormat(1);
    await (await openLmdbLog({ path })).close();
  });

  it('takes the log over from another process, which can no longer write', async () => {
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

  it('writes the durable VLSN even if nothing is appended', async () => {
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
