import { type LogStore, MemoryLog } from '@shoal/syncup';
import { describe, expect, it } from 'vitest';
import { temporaryDirectories } from '../../test/directory.test-helper.ts';
import { commits } from '../../test/log.test-helper.ts';
import { openLmdbLog } from '../open/open-lmdb-log.ts';

const directory = temporaryDirectories();

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
