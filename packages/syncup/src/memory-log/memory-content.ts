import type { Fingerprinter } from '../fingerprint/fingerprint.ts';
import { u64 } from '../fingerprint/u64.ts';
import type { EntryKinds } from '../log/entry-kinds.ts';
import type { EncodedEntries, StoredEntry, VerifiedEntries } from '../log/log-store.ts';
import { ENTRY_OVERHEAD } from '../log/snapshot-format.ts';
import { AscendingList } from './ascending-list.ts';
import { EntryTable } from './entry-table.ts';

/** Where the entries of a log begin. */
export interface ContentStart {
  /** The VLSN of the first entry. */
  readonly first: number;
  /** Its LSN. */
  readonly lsn: number;
  /** The fingerprint before it. */
  readonly low: number;
  readonly high: number;
}

export const EMPTY: ContentStart = { first: 1, lsn: 0, low: 0, high: 0 };

/** The entries of a log in memory, indexed by sync points and transaction ends. */
export class MemoryContent {
  readonly table: EntryTable = new EntryTable();
  readonly syncs: AscendingList = new AscendingList();
  readonly txnEnds: AscendingList = new AscendingList();
  readonly fingerprinter: Fingerprinter;
  durable = 0;
  readonly #kinds: EntryKinds;
  /** The VLSN of index 0 of the table. */
  #first: number;
  /** The LSN of the next entry. */
  #nextLsn: number;
  /** The fingerprint before the first entry. */
  #baseLow: number;
  #baseHigh: number;

  constructor(kinds: EntryKinds, fingerprinter: Fingerprinter, start: ContentStart) {
    this.#kinds = kinds;
    this.fingerprinter = fingerprinter;
    fingerprinter.low = start.low;
    fingerprinter.high = start.high;
    this.#first = start.first;
    this.#nextLsn = start.lsn;
    this.#baseLow = start.low;
    this.#baseHigh = start.high;
  }

  get first(): number {
    return this.#first;
  }

  get last(): number {
    return this.#first + this.table.count - 1;
  }

  get start(): ContentStart {
    const { table } = this;
    const lsn = table.count === 0 ? this.#nextLsn : table.lsn(0);
    return { first: this.#first, lsn, low: this.#baseLow, high: this.#baseHigh };
  }

  /** Adds an entry, and copies its payload. */
  add(type: number, payload: Uint8Array): void {
    const { fingerprinter } = this;
    fingerprinter.next(type, payload);
    this.table.append(type, payload, this.#nextLsn, fingerprinter.low, fingerprinter.high);
    this.#added(type, payload.length);
  }

  /** Adds entries whose fingerprints are known. May keep their bytes. */
  addVerified({ count, bytes, fingerprints }: VerifiedEntries): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const offset = this.table.place(bytes);
    let at = 0;
    for (let i = 1; i <= count; i++) {
      const type = bytes[at]!;
      const length = view.getUint32(at + 1, true);
      at += ENTRY_OVERHEAD;
      const low = fingerprints[2 * i]!;
      const high = fingerprints[2 * i + 1]!;
      this.table.add(type, offset + at, length, this.#nextLsn, low, high);
      this.#added(type, length);
      at += length;
    }
    this.fingerprinter.low = fingerprints[2 * count]!;
    this.fingerprinter.high = fingerprints[2 * count + 1]!;
  }

  #added(type: number, length: number): void {
    this.#nextLsn += ENTRY_OVERHEAD + length;
    const vlsn = this.last;
    if (this.#kinds.isSync(type)) this.syncs.push(vlsn);
    if (this.#kinds.isTxnEnd(type)) this.txnEnds.push(vlsn);
  }

  /** Cuts off everything above `to`, which is at least `first - 1`. */
  truncate(to: number): void {
    const { table, fingerprinter } = this;
    const keep = to - this.#first + 1;
    if (keep === table.count) return;
    this.#nextLsn = table.lsn(keep);
    table.truncate(keep);
    this.syncs.dropAbove(to);
    this.txnEnds.dropAbove(to);
    this.durable = Math.min(this.durable, to);
    fingerprinter.low = keep > 0 ? table.low(keep - 1) : this.#baseLow;
    fingerprinter.high = keep > 0 ? table.high(keep - 1) : this.#baseHigh;
  }

  /** Drops everything below `limit`, which is above `first`. */
  trim(limit: number): void {
    const { table } = this;
    const dropped = limit - this.#first;
    this.#baseLow = table.low(dropped - 1);
    this.#baseHigh = table.high(dropped - 1);
    table.trim(dropped);
    this.#first = limit;
    this.syncs.dropBelow(limit);
    this.txnEnds.dropBelow(limit);
  }

  /** The entries from `from` on, up to the limits, at least one. */
  batch(from: number, maxEntries: number, maxBytes: number): StoredEntry[] {
    const { table } = this;
    const batch: StoredEntry[] = [];
    const start = from - this.#first;
    const end = Math.min(table.count, start + maxEntries);
    for (let i = start, bytes = 0; i < end; i++) {
      bytes += table.payloadLength(i);
      if (bytes > maxBytes && batch.length > 0) break;
      batch.push({ vlsn: BigInt(this.#first + i), type: table.type(i), payload: table.payload(i) });
    }
    return batch;
  }

  /** As {@link MemoryContent.batch}, encoded. Ends where the bytes are not contiguous. */
  encoded(from: number, maxEntries: number, maxBytes: number): EncodedEntries {
    const { table } = this;
    const start = from - this.#first;
    const end = Math.min(table.count, start + maxEntries);
    let to = start;
    for (let bytes = 0; to < end; to++) {
      bytes += table.payloadLength(to);
      if (bytes > maxBytes && to > start) break;
    }
    const { bytes, to: last } = table.encoded(start, to);
    const fingerprint = u64(table.low(last - 1), table.high(last - 1));
    return { firstVlsn: BigInt(from), count: last - start, bytes, fingerprint };
  }
}
