import { SyncupError } from '../errors.ts';
import type { Archive, LogReport, NewEntry } from './log-store.ts';

/** Bytes that an entry counts in addition to its payload: those of its encoding. */
const ENTRY_BYTES = 5;

/** How many bytes entries count for. */
export function sizeOf(entries: readonly Pick<NewEntry, 'payload'>[]): number {
  return entries.reduce((sum, { payload }) => sum + ENTRY_BYTES + payload.length, 0);
}

/** How much a log may hold. Sizes are in bytes: 5 and its payload for each entry. */
export interface LogBudgetOptions {
  /**
   * The most bytes of entries in the log. An append beyond it is refused (`full`) until the head is
   * trimmed; the log stays usable. Default: no limit.
   */
  readonly maxBytes?: number | undefined;
  /**
   * The most bytes of entries in archives. When there are more, the oldest archives are deleted and
   * reported, but never the latest one. Default: 1 GiB on disk, 64 MiB in memory.
   */
  readonly maxArchiveBytes?: number | undefined;
}

/** Keeps a log within its limits, and reports what it does or refuses for that. */
export class LogBudget {
  readonly #maxBytes: number;
  readonly #maxArchiveBytes: number;
  readonly #listeners = new Set<(report: LogReport) => void>();
  #isFull = false;

  /** Throws `argument` for a limit that is not a number of at least 1. */
  constructor(options: LogBudgetOptions, archivesPreset: number) {
    this.#maxBytes = limit('maxBytes', options.maxBytes ?? Number.POSITIVE_INFINITY);
    this.#maxArchiveBytes = limit('maxArchiveBytes', options.maxArchiveBytes ?? archivesPreset);
  }

  /** See `LogStore.onReport`. */
  onReport(listener: (report: LogReport) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whether there is a limit, so that what is held must be counted. */
  get isLimited(): boolean {
    return this.#maxBytes !== Number.POSITIVE_INFINITY;
  }

  /** How many more bytes a log that holds `held()` may take. Undefined: no limit. */
  room(held: () => number): number | undefined {
    return this.isLimited ? Math.max(0, this.#maxBytes - held()) : undefined;
  }

  /** Throws `full` if a log that holds `held` bytes cannot take `more`. Reports the first time. */
  checkRoom(held: number, more: number): void {
    if (held + more <= this.#maxBytes) {
      this.#isFull = false;
      return;
    }
    if (!this.#isFull) {
      this.#isFull = true;
      this.#report({ type: 'full', bytes: held, maxBytes: this.#maxBytes });
    }
    const text = `the log holds ${held} bytes, and ${more} more exceed maxBytes, ${this.#maxBytes}`;
    throw new SyncupError('full', `${text}: trim its head, or raise the limit`);
  }

  /** The archives to delete, oldest first, out of all that there are. */
  excess<Sized extends { readonly bytes: number }>(archives: readonly Sized[]): Sized[] {
    let total = archives.reduce((sum, { bytes }) => sum + bytes, 0);
    const excess: Sized[] = [];
    for (const archive of archives.slice(0, -1)) {
      if (total <= this.#maxArchiveBytes) break;
      total -= archive.bytes;
      excess.push(archive);
    }
    return excess;
  }

  /** Reports that an archive was deleted, which held so many bytes. */
  dropped({ id, reason, first, last }: Archive, bytes: number): void {
    this.#report({ type: 'archiveDropped', id, reason, first, last, bytes });
  }

  #report(report: LogReport): void {
    for (const listener of [...this.#listeners]) listener(report);
  }
}

function limit(name: string, value: number): number {
  if (typeof value === 'number' && value >= 1) return value;
  throw new SyncupError('argument', `${name} must be a number of at least 1, not ${value}`);
}
