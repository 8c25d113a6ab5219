import type { LogStore } from '@shoal/syncup';
import { logConformance } from '@shoal/testkit/log-conformance';
import { describe, it } from 'vitest';
import { openLmdbLog } from '../src/open/open-lmdb-log.ts';
import { temporaryDirectories } from './directory.test-helper.ts';

const directory = temporaryDirectories();
const paths = new WeakMap<LogStore, string>();

async function open(path: string, options: object): Promise<LogStore> {
  const log = await openLmdbLog({ path, ...options });
  paths.set(log, path);
  return log;
}

logConformance(
  { describe, it },
  {
    name: 'LmdbLog',
    create: (options) => open(directory(), options),
    reopen: (log, options) => open(paths.get(log)!, options),
  },
);

// Everything waits for room, and nothing is ever found in the cache.
logConformance(
  { describe, it },
  {
    name: 'LmdbLog with the least of memory',
    create: (options) => open(directory(), { ...options, maxPendingBytes: 1024, cacheBytes: 0 }),
  },
);
