import { type EntryKinds, SHOAL_ENTRY_KINDS, SyncupError } from '@shoal/syncup';
import { type KindFlags, SYNC, TXN_END } from '../blocks/block.ts';

/** How {@link openLmdbLog} opens a log. */
export interface LmdbLogOptions {
  /** A directory of its own; it and those above it are made when missing. */
  readonly path: string;
  /** Which entries are sync points. Default `SHOAL_ENTRY_KINDS`. May not change later. */
  readonly kinds?: EntryKinds;
  /** `chained` (default), or `noxu` to sync up with Noxu nodes. May not change later. */
  readonly fingerprint?: 'chained' | 'noxu';
  /** What an `append` that does not say is. Default true. */
  readonly durable?: boolean;
  /**
   * How many bytes of entries may be on their way to the disk, 1 KiB to 1 GiB; further appends
   * wait. An append of more goes alone. Default 16 MiB.
   */
  readonly maxPendingBytes?: number;
  /** How many bytes of blocks that were read are kept, 0 to 1 GiB, but always one. Default 4 MiB. */
  readonly cacheBytes?: number;
}

/** The options with every default filled in. */
export interface ResolvedOptions {
  readonly path: string;
  readonly kinds: KindFlags;
  readonly fingerprint: 'chained' | 'noxu';
  readonly durable: boolean;
  readonly maxPendingBytes: number;
  readonly cacheBytes: number;
}

/** Throws `argument`. */
export function resolveOptions(options: LmdbLogOptions): ResolvedOptions {
  const { path, kinds = SHOAL_ENTRY_KINDS, fingerprint = 'chained', durable = true } = options;
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new SyncupError('argument', 'path is the name of a directory');
  }
  if (fingerprint !== 'chained' && fingerprint !== 'noxu') {
    throw new SyncupError('argument', `fingerprint is chained or noxu, not ${fingerprint}`);
  }
  const flags = new Uint8Array(256);
  for (let type = 0; type < 256; type++) {
    flags[type] = (kinds.isSync(type) ? SYNC : 0) | (kinds.isTxnEnd(type) ? TXN_END : 0);
  }
  return {
    path,
    kinds: flags,
    fingerprint,
    durable,
    maxPendingBytes: whole('maxPendingBytes', options.maxPendingBytes ?? 16 * 2 ** 20, 1024),
    cacheBytes: whole('cacheBytes', options.cacheBytes ?? 4 * 2 ** 20, 0),
  };
}

function whole(name: string, value: number, min: number): number {
  const max = 2 ** 30;
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new SyncupError('argument', `${name} is a whole number of ${min}..${max}, not ${value}`);
}
