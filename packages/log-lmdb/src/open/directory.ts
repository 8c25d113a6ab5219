import { closeSync, fsyncSync, mkdirSync, openSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { SyncupError } from '@shoal/syncup';

/** A directory on disk. */
export interface Directory {
  /** The absolute path, with links resolved. */
  readonly path: string;
  /** Puts the directory and the names of its files on stable storage. */
  sync(): void;
}

/** Creates a directory and those above it if they are missing. Throws `storage`. */
export function makeDirectory(name: string): Directory {
  try {
    const made = mkdirSync(name, { recursive: true });
    const path = realpathSync(name);
    const highest = made === undefined ? path : realpathSync(dirname(made));
    return {
      path,
      sync: () => {
        for (let each = path; ; each = dirname(each)) {
          syncOne(each);
          if (each === highest || each === dirname(each)) return;
        }
      },
    };
  } catch (cause) {
    throw new SyncupError('storage', `cannot create the directory ${name}; see the cause`, {
      cause,
    });
  }
}

/** The errors of platforms that cannot sync a directory, or not one without read permission. */
const UNSUPPORTED: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'EISDIR', 'EINVAL']);

function syncOne(path: string): void {
  try {
    const fd = openSync(path, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    if (UNSUPPORTED.has((cause as NodeJS.ErrnoException).code)) return;
    throw new SyncupError('storage', `cannot sync the directory ${path}; see the cause`, { cause });
  }
}
