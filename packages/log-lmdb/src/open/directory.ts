import { closeSync, fsyncSync, mkdirSync, openSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { SyncupError } from '@shoal/syncup';

/** A directory that exists. */
export interface Directory {
  /** Its absolute path, without links. */
  readonly path: string;
  /** Makes sure that a crash of the machine forgets neither it nor the files in it. */
  sync(): void;
}

/** Makes the directory and those above it, when they are missing. Throws `storage`. */
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
    throw new SyncupError('storage', `cannot make the directory ${name}`, { cause });
  }
}

/** What a platform cannot do for a directory, or not for one that may not be read. */
const NOT_POSSIBLE: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'EISDIR', 'EINVAL']);

function syncOne(path: string): void {
  try {
    const fd = openSync(path, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    if (NOT_POSSIBLE.has((cause as NodeJS.ErrnoException).code)) return;
    throw new SyncupError('storage', `cannot write the directory ${path}`, { cause });
  }
}
