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
  /** Of all entries: 5 and the payload of each. */
  readonly bytes: number;
  readonly #table: EntryTable;

  constructor({ id, reason, matchpoint, first, table }: MemoryArchiveContent) {
    this.id = id;
    this.reason = reason;
    this.matchpoint = matchpoint;
    this.first = table.count === 0 ? 0n : BigInt(first);
    this.last = table.count === 0 ? 0n : BigInt(first + table.count - 1);
    this.bytes = bytesOf(table);
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

/** How many bytes the entries of a table count for. */
export function bytesOf(table: EntryTable): number {
  if (table.count === 0) return 0;
  const last = table.count - 1;
  return table.lsn(last) + 5 + table.payload(last).length - table.lsn(0);
}
