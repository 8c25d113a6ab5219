import { type Archive, type StoredEntry, SyncupError } from '@shoal/syncup';
import type { Entries } from '../blocks/entries.ts';
import type { ArchiveRecord } from '../blocks/record.ts';

/** Entries that were cut off. They stay where they are on disk. */
export class LmdbArchive implements Archive {
  readonly id: string;
  readonly reason: string;
  readonly matchpoint: bigint;
  readonly first: bigint;
  readonly last: bigint;
  readonly #entries: Entries;
  readonly #isHeld: () => boolean;

  /** `isHeld`: whether the archive was not deleted yet. */
  constructor(record: ArchiveRecord, entries: Entries, isHeld: () => boolean) {
    this.id = String(record.id);
    this.reason = record.reason;
    this.matchpoint = BigInt(record.matchpoint);
    this.first = BigInt(record.spans[0]?.first ?? 0);
    this.last = BigInt(record.spans.at(-1)?.last ?? 0);
    this.#entries = entries;
    this.#isHeld = isHeld;
  }

  /** How many bytes its entries count for. Throws `corrupt`. */
  get bytes(): number {
    if (this.first === 0n) return 0;
    const start = this.#entries.positionBefore(Number(this.first)).lsn;
    return this.#entries.position(Number(this.last)).lsn - start;
  }

  /** Throws `trimmed` once the archive is deleted, `closed` once the log is, or `corrupt`. */
  async *entries(): AsyncGenerator<readonly StoredEntry[], void, undefined> {
    const last = Number(this.last);
    for (let from = Number(this.first); from > 0 && from <= last; ) {
      if (!this.#isHeld()) throw new SyncupError('trimmed', `archive ${this.id} was deleted`);
      const batch = this.#entries.batch(from, last, 1024, 256 * 1024);
      from += batch.length;
      yield batch;
    }
  }
}
