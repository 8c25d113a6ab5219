import {
  type EntryKinds,
  type FingerprintKind,
  type LogBudgetOptions,
  SHOAL_ENTRY_KINDS,
  SyncupError,
} from '@shoal/syncup';
import { LogBudget } from '@shoal/syncup/internal';
import { type KindFlags, SYNC, TXN_END } from '../blocks/block.ts';

/** How many bytes of archives are kept by default. */
const MAX_ARCHIVE_BYTES = 2 ** 30;

/** Options of {@link openLmdbLog}. */
export interface LmdbLogOptions extends LogBudgetOptions {
  /** A directory for this log alone. Missing directories are created. */
  readonly path: string;
  /** Which entries are sync points. Default `SHOAL_ENTRY_KINDS`. Fixed once the log is created. */
  readonly kinds?: EntryKinds | undefined;
  /** `chained` (default), or `noxu` to sync up with Noxu nodes. Fixed once the log is created. */
  readonly fingerprint?: FingerprintKind | undefined;
  /** Whether an `append` without this option waits for the disk. Default true. */
  readonly durable?: boolean | undefined;
  /**
   * How many bytes of entries may be on their way to the disk: 1 KiB to 1 GiB. Further appends
   * wait; a larger append is written alone. Default 16 MiB.
   */
  readonly maxPendingBytes?: number | undefined;
  /**
   * How many bytes of the blocks read are cached: 0 to 1 GiB. The last block read is always cached.
   * Default 4 MiB.
   */
  readonly cacheBytes?: number | undefined;
}

/** The options with every default filled in. */
export interface ResolvedOptions {
  readonly path: string;
  readonly kinds: KindFlags;
  readonly fingerprint: FingerprintKind;
  readonly durable: boolean;
  readonly maxPendingBytes: number;
  readonly cacheBytes: number;
  readonly budget: LogBudget;
}

/** Fills the defaults in. Throws `argument` if an option is out of range. */
export function resolveOptions(options: LmdbLogOptions): ResolvedOptions {
  const { path, kinds = SHOAL_ENTRY_KINDS, fingerprint = 'chained', durable = true } = options;
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new SyncupError('argument', 'path must be the name of a directory');
  }
  if (fingerprint !== 'chained' && fingerprint !== 'noxu') {
    throw new SyncupError('argument', `fingerprint must be chained or noxu, not ${fingerprint}`);
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
    maxPendingBytes: wholeNumber('maxPendingBytes', options.maxPendingBytes ?? 16 * 2 ** 20, 1024),
    budget: new LogBudget(options, MAX_ARCHIVE_BYTES),
    cacheBytes: wholeNumber('cacheBytes', options.cacheBytes ?? 4 * 2 ** 20, 0),
  };
}

function wholeNumber(name: string, value: number, min: number): number {
  const max = 2 ** 30;
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new SyncupError(
    'argument',
    `${name} must be a whole number of ${min}..${max}, not ${value}`,
  );
}
