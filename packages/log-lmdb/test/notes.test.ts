import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { openLmdbLog } from '../src/index.ts';
import { temporaryDirectories } from './directory.test-helper.ts';

const newDirectory = temporaryDirectories();
const script = fileURLToPath(new URL('notes.test-script.mjs', import.meta.url));

it('a process that has lost its log to another one can change no note', async () => {
  const path = newDirectory();
  const log = await openLmdbLog({ path });
  await log.notes.set('vote', new Uint8Array([3]));
  // A process that was stopped wakes after another one has voted.
  await promisify(execFile)(process.execPath, [script, path, '9']);
  await expect(log.notes.set('vote', new Uint8Array([5]))).rejects.toMatchObject({
    code: 'storage',
    message: expect.stringContaining('taken it over'),
  });
  await log.close();
  await using again = await openLmdbLog({ path });
  expect(await again.notes.get('vote')).toEqual(new Uint8Array([9]));
});

it('a note that cannot be written makes the log refuse everything else', async () => {
  const path = newDirectory();
  await using log = await openLmdbLog({ path });
  await promisify(execFile)(process.execPath, [script, path, '9']);
  await expect(log.notes.set('vote', new Uint8Array([5]))).rejects.toThrow();
  await expect(log.append([{ type: 1, payload: new Uint8Array(1) }])).rejects.toMatchObject({
    code: 'storage',
  });
});
