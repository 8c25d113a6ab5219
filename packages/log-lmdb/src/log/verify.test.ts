import { describe, expect, it } from 'vitest';
import { temporaryDirectories } from '../../test/directory.test-helper.ts';
import { code, commits } from '../../test/log.test-helper.ts';
import { BlockStore } from '../blocks/block-store.ts';
import { openLmdbLog } from '../open/open-lmdb-log.ts';

const directory = temporaryDirectories();

describe('verify', () => {
  it('finds an entry with a wrong fingerprint, and a missing block', async () => {
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
