import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { temporaryDirectories } from './directory.test-helper.ts';

const newDirectory = temporaryDirectories();
const script = fileURLToPath(new URL('open-and-close.test-script.mjs', import.meta.url));

// Without a lock, LMDB's mutexes were destroyed under the other process after some 200 rounds.
it('two processes open and close one log at the same time', async () => {
  const path = newDirectory();
  const openAndClose = () => promisify(execFile)(process.execPath, [script, path, '800']);
  const outputs = await Promise.all([openAndClose(), openAndClose()]);
  for (const { stderr } of outputs) expect(stderr).toBe('');
}, 120_000);
