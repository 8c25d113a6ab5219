import { afterEach, describe, expect, it, vi } from 'vitest';
import { temporaryDirectories } from '../../test/directory.test-helper.ts';
import { commits, texts } from '../../test/log.test-helper.ts';
import { BlockStore } from '../blocks/block-store.ts';
import { openLmdbLog } from '../open/open-lmdb-log.ts';

const directory = temporaryDirectories();

afterEach(() => vi.restoreAllMocks());

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

  it('at most maxPendingBytes are under way, and closing waits for all', async () => {
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
