import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { fileVoteStore } from './file-vote-store.ts';

const code = (value: string): unknown => expect.objectContaining({ code: value });

describe('fileVoteStore', () => {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-vote-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('reads 0 at first, then what was written last', async () => {
    const path = join(directory, 'new', 'term');
    expect(await fileVoteStore(path).read()).toBe(0n);
    await fileVoteStore(path).write(5n);
    await fileVoteStore(path).write((1n << 64n) - 1n);
    expect(await fileVoteStore(path).read()).toBe((1n << 64n) - 1n);
    expect(readFileSync(path).length).toBe(17);
  });

  it('rejects a damaged file, and never reads it as an empty one', async () => {
    const path = join(directory, 'damaged');
    await fileVoteStore(path).write(77n);
    const good = readFileSync(path);
    for (let at = 0; at < good.length; at++) {
      const bad = Buffer.from(good);
      bad[at]! ^= 1;
      writeFileSync(path, bad);
      await expect(fileVoteStore(path).read()).rejects.toEqual(code('corrupt'));
      writeFileSync(path, good.subarray(0, at));
      await expect(fileVoteStore(path).read()).rejects.toEqual(code('corrupt'));
    }
  });

  it('tells a file of a later version from a damaged one', async () => {
    const path = join(directory, 'later');
    await fileVoteStore(path).write(77n);
    const later = Buffer.concat([readFileSync(path), Buffer.alloc(8)]);
    later[4] = 2;
    for (const bytes of [later.subarray(0, 17), later]) {
      bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
      writeFileSync(path, bytes);
      await expect(fileVoteStore(path).read()).rejects.toEqual(code('version'));
      expect(readFileSync(path)).toEqual(bytes);
    }
  });

  it('rejects with log if the disk fails', async () => {
    await expect(fileVoteStore('/dev/null/term').write(1n)).rejects.toEqual(code('log'));
  });
});
