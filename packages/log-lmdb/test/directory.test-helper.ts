import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** Makes directories that are gone after the tests of the file. */
export function temporaryDirectories(): () => string {
  const root = mkdtempSync(join(tmpdir(), 'shoal-log-lmdb-'));
  let count = 0;
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  return () => join(root, String(++count));
}
