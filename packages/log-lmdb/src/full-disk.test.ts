import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { temporaryDirectories } from './directory.test-helper.ts';
import { openLmdbLog } from './open.ts';

const directory = temporaryDirectories();
const program = fileURLToPath(new URL('../crash/full-disk.mjs', import.meta.url));

it.skipIf(process.platform === 'win32')('a full disk is an error, and loses nothing', async () => {
  const path = directory();
  // A limit of 4096 times 512 or 1024 bytes for each file, as the shell counts.
  const command = `ulimit -f 4096 && exec "${process.execPath}" "${program}" "${path}"`;
  const { stdout } = await promisify(execFile)('sh', ['-c', command]);
  const outcome = JSON.parse(stdout);
  expect(outcome.appends).toBeGreaterThan(10);
  const last = outcome.appends * 10;
  expect(outcome).toMatchObject({
    append: 'storage',
    last,
    appendAgain: 'storage',
    rollback: 'storage',
    trim: 'storage',
    read: last,
    lastAgain: last,
    many: ['storage'],
    lastAtLast: last,
  });
  // With room again, it goes on.
  await using log = await openLmdbLog({ path });
  expect(log.range.last).toBe(BigInt(last));
  await log.append([{ type: 1, payload: new Uint8Array(100_000) }]);
  await log.verify();
});
