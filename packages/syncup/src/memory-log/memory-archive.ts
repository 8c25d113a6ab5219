import type { Archive, StoredEntry } from '../log/log-store.ts';
import type { EntryTable } from './entry-table.ts';

/** What a {@link MemoryArchive} holds. */
export interface MemoryArchiveContent {
  readonly id: string;
  readonly reason: string;
  readonly matchpoint: bigint;
  /** The VLSN of the first entry. */
  readonly first: number;
  readonly table: EntryTable;
}

/** Entries that were cut off from a log in memory. */
export class MemoryArchive implements Archive {
  readonly id: string;
  readonly reason: string;
  readonly matchpoint: bigint;
  readonly first: bigint;
  readonly last: bigint;
  readonly #table: EntryTable;

  constructor({ id, reason, matchpoint, first, table }: MemoryArchiveContent) {
    this.id = id;
    this.reason = reason;
    this.matchpoint = matchpoint;
    this.first = table.count === 0 ? 0n : BigInt(first);
    this.last = table.count === 0 ? 0n : BigInt(first + table.count - 1);
    this.#table = table;
  }

  async *entries(): AsyncGenerator<readonly StoredEntry[], void, undefined> {
    for (let from = 0; from < this.#table.count; from += 1024) {
      const batch: StoredEntry[] = [];
      for (let i = from; i < Math.min(from + 1024, this.#table.count); i++) {
        const vlsn = this.first + BigInt(i);
        batch.push({ vlsn, type: this.#table.type(i), payload: this.#table.payload(i) });
      }
      yield batch;
    }
  }
}
