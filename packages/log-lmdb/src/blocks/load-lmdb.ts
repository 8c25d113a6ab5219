import { SyncupError } from '@shoal/syncup';
import type { open } from 'lmdb';

/**
 * Loads LMDB and its native binary, which is a package of its own for each platform. Throws
 * `missing-binary` if that fails.
 */
export async function loadLmdb(): Promise<typeof open> {
  try {
    const lmdb = await import('lmdb');
    return lmdb.open;
  } catch (cause) {
    const platform = `${process.platform}-${process.arch}`;
    const text =
      `cannot load the native binary of lmdb for ${platform}: install it with optional ` +
      `dependencies (@lmdb/lmdb-${platform}), allow its build script, and leave "lmdb" out of bundles`;
    throw new SyncupError('missing-binary', text, { cause });
  }
}
