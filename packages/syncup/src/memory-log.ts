import { AscendingList } from './ascending-list.ts';
import { EntryTable } from './entry-table.ts';
import { SyncupError } from './errors.ts';
import { ChainedFingerprint, type Fingerprinter, NoxuFingerprint } from './fingerprint.ts';
import {
  type Archive,
  type EntryKinds,
  type LogEntry,
  type LogStore,
  type NewEntry,
  type PassedTransactions,
  type ReadOptions,
  type Retention,
  SHOAL_ENTRY_KINDS,
  type StoredEntry,
  type VlsnRange,
} from './log.ts';
import { MemorySnapshot } from './memory-snapshot.ts';
import { ENTRY_OVERHEAD, MAX_PAYLOAD, readSnapshot } from './snapshot-format.ts';

/** How a {@link MemoryLog} reads its entries. */
export interface MemoryLogOptions {
  /** Which entries are sync points. Default {@link SHOAL_ENTRY_KINDS}. */
  readonly kinds?: EntryKinds;
  /** `chained` (default), or `noxu` to sync up with Noxu nodes. */
  readonly fingerprint?: 'chained' | 'noxu';
}

interface Reader {
  next: number;
  /** True when entries that it has read were cut off. */
  cut: boolean;
  wake: (() => void) | undefined;
}

/** Everything that an import replaces at once. */
interface Content {
  readonly table: EntryTable;
  /** The VLSN of index 0 of the table. */
  first: number;
  /** The LSN of the next entry. */
  nextLsn: number;
  /** The fingerprint before the first entry. */
  baseLow: number;
  baseHigh: number;
  readonly fingerprinter: Fingerprinter;
  readonly syncs: AscendingList;
  readonly txnEnds: AscendingList;
  durable: number;
}

/**
 * A replicated log in memory: about 40 bytes an entry besides its payload, look-ups in O(log n).
 * An entry's LSN is the sum of `5 + payload.length` over the entries before it. It takes
 * payloads of up to 64 MiB - 64 bytes, and 2^53-1 of anything.
 */
export class MemoryLog implements LogStore {
  readonly #kinds: EntryKinds;
  readonly #makeFingerprinter: () => Fingerprinter;
  #content: Content;
  readonly #readers = new Set<Reader>();
  readonly #retentions = new Set<{ from: number }>();
  readonly #archives: MemoryArchive[] = [];
  #archiveCount = 0;
  #closed = false;

  constructor(options: MemoryLogOptions = {}) {
    this.#kinds = options.kinds ?? SHOAL_ENTRY_KINDS;
    this.#makeFingerprinter = () =>
      options.fingerprint === 'noxu' ? new NoxuFingerprint() : new ChainedFingerprint();
    this.#content = this.#empty(1, 0, 0, 0);
  }

  get chained(): boolean {
    return this.#content.fingerprinter.chained;
  }

  get range(): VlsnRange {
    const { first, table, syncs, txnEnds, durable } = this.#content;
    const last = this.#last;
    return {
      first: table.count === 0 ? 0n : BigInt(first),
      last: BigInt(last),
      lastSync: BigInt(syncs.last ?? 0),
      lastTxnEnd: BigInt(txnEnds.last ?? 0),
      durable: BigInt(Math.min(durable, last)),
    };
  }

  entry(vlsn: bigint): LogEntry | undefined {
    const { first, table } = this.#content;
    if (vlsn < first || vlsn > this.#last) return undefined;
    const index = Number(vlsn) - first;
    const type = table.type(index);
    return {
      vlsn,
      lsn: BigInt(table.lsn(index)),
      fingerprint: u64(table.low(index), table.high(index)),
      isSync: this.#kinds.isSync(type),
      isTxnEnd: this.#kinds.isTxnEnd(type),
    };
  }

  syncAtOrBefore(vlsn: bigint): LogEntry | undefined {
    const { syncs } = this.#content;
    if (vlsn < 1n) return undefined;
    const at = syncs.at(syncs.countTo(Number(vlsn)) - 1);
    return at === undefined ? undefined : this.entry(BigInt(at));
  }

  passedTransactions(vlsn: bigint): PassedTransactions {
    const { txnEnds, durable } = this.#content;
    const below = txnEnds.countTo(Number(vlsn));
    const vlsns: bigint[] = [];
    for (let i = below; i < txnEnds.length && vlsns.length < 1000; i++) {
      vlsns.push(BigInt(txnEnds.at(i)!));
    }
    return {
      count: txnEnds.length - below,
      durable: Math.max(0, txnEnds.countTo(durable) - below),
      vlsns,
    };
  }

  /** Appends at once; the promise is the port's. Throws `argument` for an entry that is none. */
  async append(entries: readonly NewEntry[]): Promise<VlsnRange> {
    this.#checkOpen();
    for (const { type, payload } of entries) {
      if (type !== (type & 0xff) || payload.length > MAX_PAYLOAD) {
        const found = `type ${type}, ${payload.length} bytes`;
        throw new SyncupError('argument', `a type of 0..255, ${MAX_PAYLOAD} bytes, not ${found}`);
      }
    }
    for (const { type, payload } of entries) this.#add(this.#content, type, payload);
    this.#wakeReaders();
    return this.range;
  }

  async *read(
    from: bigint,
    options: ReadOptions = {},
  ): AsyncGenerator<readonly StoredEntry[], void, undefined> {
    const { signal, maxEntries = 1024, maxBytes = 256 * 1024 } = options;
    if (from < 1n || from > BigInt(this.#last) + 1n) {
      throw new SyncupError('argument', `a VLSN of 1..${this.#last + 1}, not ${from}`);
    }
    const reader: Reader = { next: Number(from), cut: false, wake: undefined };
    const wake = (): void => reader.wake?.();
    signal?.addEventListener('abort', wake);
    this.#readers.add(reader);
    try {
      for (;;) {
        signal?.throwIfAborted();
        this.#checkOpen();
        if (reader.cut) {
          throw new SyncupError('rolled-back', `entries below VLSN ${reader.next} were cut off`);
        }
        if (reader.next < this.#content.first) {
          throw new SyncupError('trimmed', `VLSN ${reader.next} is no longer held`);
        }
        if (reader.next > this.#last) {
          await new Promise<void>((resolve) => {
            reader.wake = resolve;
          });
          reader.wake = undefined;
          continue;
        }
        const batch = this.#batch(reader.next, maxEntries, maxBytes);
        reader.next += batch.length;
        yield batch;
      }
    } finally {
      signal?.removeEventListener('abort', wake);
      this.#readers.delete(reader);
    }
  }

  async rollback(to: bigint, reason: string): Promise<Archive> {
    this.#checkOpen();
    const content = this.#content;
    const { first, table } = content;
    const last = this.#last;
    if ((to < first - 1 && to !== 0n) || to > last) {
      throw new SyncupError('argument', `a VLSN of 0 or ${first - 1}..${last}, not ${to}`);
    }
    if (to === 0n && first > 1) return this.#replace(this.#empty(1, 0, 0, 0), reason);
    const keep = Number(to) - first + 1;
    const archive = this.#archive(table.slice(keep, table.count), Number(to) + 1, to, reason);
    if (keep === table.count) return archive;
    content.nextLsn = table.lsn(keep);
    table.truncate(keep);
    content.syncs.dropAbove(Number(to));
    content.txnEnds.dropAbove(Number(to));
    content.durable = Math.min(content.durable, Number(to));
    const { fingerprinter } = content;
    fingerprinter.low = keep > 0 ? table.low(keep - 1) : content.baseLow;
    fingerprinter.high = keep > 0 ? table.high(keep - 1) : content.baseHigh;
    for (const reader of this.#readers) if (reader.next > to + 1n) reader.cut = true;
    this.#wakeReaders();
    return archive;
  }

  async *archives(): AsyncGenerator<Archive, void, undefined> {
    yield* [...this.#archives];
  }

  /** Forgets an archive, and its memory; false when there is none of this id. */
  async deleteArchive(id: string): Promise<boolean> {
    const at = this.#archives.findIndex((archive) => archive.id === id);
    if (at >= 0) this.#archives.splice(at, 1);
    return at >= 0;
  }

  noteDurable(vlsn: bigint): void {
    const value = Number(BigInt.asUintN(53, vlsn));
    if (BigInt(value) === vlsn) this.#content.durable = Math.max(this.#content.durable, value);
  }

  retain(from: bigint): Retention {
    const held = { from: Number(from) };
    this.#retentions.add(held);
    return {
      advance: (to: bigint) => {
        held.from = Math.max(held.from, Number(to));
      },
      [Symbol.dispose]: () => {
        this.#retentions.delete(held);
      },
    };
  }

  async trimHead(before: bigint): Promise<bigint> {
    this.#checkOpen();
    const content = this.#content;
    const { first, table } = content;
    let limit = Math.min(Number(before), this.#last);
    for (const { from } of this.#retentions) limit = Math.min(limit, from);
    if (limit > first) {
      const dropped = limit - first;
      content.baseLow = table.low(dropped - 1);
      content.baseHigh = table.high(dropped - 1);
      table.trim(dropped);
      content.first = limit;
      content.syncs.dropBelow(limit);
      content.txnEnds.dropBelow(limit);
      this.#wakeReaders();
    }
    return this.range.first;
  }

  async exportSnapshot(): Promise<MemorySnapshot> {
    this.#checkOpen();
    const { table, first, nextLsn, baseLow, baseHigh, durable, fingerprinter } = this.#content;
    const header = {
      chained: fingerprinter.chained,
      first,
      last: this.#last,
      lsn: table.count === 0 ? nextLsn : table.lsn(0),
      low: baseLow,
      high: baseHigh,
      durable: Math.min(durable, this.#last),
    };
    const fingerprint = u64(fingerprinter.low, fingerprinter.high);
    return new MemorySnapshot(header, table.slice(0, table.count), fingerprint);
  }

  async importSnapshot(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.#checkOpen();
    let content = this.#empty(1, 0, 0, 0);
    let last = 0;
    await readSnapshot(chunks, {
      header: (header) => {
        if (header.chained !== this.chained) {
          throw new SyncupError('snapshot', 'the snapshot is of a log with other fingerprints');
        }
        content = this.#empty(header.first, header.lsn, header.low, header.high);
        content.durable = header.durable;
        last = header.last;
      },
      entry: (type, payload) => this.#add(content, type, payload),
      trailer: (fingerprint) => {
        const { low, high } = content.fingerprinter;
        if (u64(low, high) === fingerprint) return;
        throw new SyncupError('snapshot', `the snapshot's fingerprint at VLSN ${last} is wrong`);
      },
    });
    this.#checkOpen();
    this.#replace(content, 'replaced by a snapshot');
  }

  /**
   * A hash of the entries held, as 16 hex digits: equal for two logs that hold the same range
   * and the same entries, whatever their fingerprints. O(n), but O(1) for a chained log that
   * holds VLSN 1.
   */
  digest(): string {
    const { fingerprinter, table, first } = this.#content;
    let result: Fingerprinter = fingerprinter;
    if (!fingerprinter.chained || first !== 1) {
      result = new ChainedFingerprint();
      for (let i = 0; i < table.count; i++) result.next(table.type(i), table.payload(i));
    }
    return u64(result.low, result.high).toString(16).padStart(16, '0');
  }

  /** Ends all readers with `closed`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#wakeReaders();
  }

  get #last(): number {
    return this.#content.first + this.#content.table.count - 1;
  }

  #checkOpen(): void {
    if (this.#closed) throw new SyncupError('closed', 'this log is closed');
  }

  #empty(first: number, nextLsn: number, low: number, high: number): Content {
    const fingerprinter = this.#makeFingerprinter();
    fingerprinter.low = low;
    fingerprinter.high = high;
    return {
      table: new EntryTable(),
      first,
      nextLsn,
      baseLow: low,
      baseHigh: high,
      fingerprinter,
      syncs: new AscendingList(),
      txnEnds: new AscendingList(),
      durable: 0,
    };
  }

  #add(content: Content, type: number, payload: Uint8Array): void {
    const { table, fingerprinter } = content;
    fingerprinter.next(type, payload);
    const vlsn = content.first + table.count;
    table.append(type, payload, content.nextLsn, fingerprinter.low, fingerprinter.high);
    content.nextLsn += ENTRY_OVERHEAD + payload.length;
    if (this.#kinds.isSync(type)) content.syncs.push(vlsn);
    if (this.#kinds.isTxnEnd(type)) content.txnEnds.push(vlsn);
  }

  #replace(content: Content, reason: string): MemoryArchive {
    const old = this.#content;
    this.#content = content;
    for (const reader of this.#readers) reader.cut = true;
    this.#wakeReaders();
    return this.#archive(old.table, old.first, 0n, reason);
  }

  #batch(from: number, maxEntries: number, maxBytes: number): StoredEntry[] {
    const { table, first } = this.#content;
    const batch: StoredEntry[] = [];
    const start = from - first;
    const end = Math.min(table.count, start + maxEntries);
    for (let i = start, bytes = 0; i < end; i++) {
      bytes += table.payloadLength(i);
      if (bytes > maxBytes && batch.length > 0) break;
      batch.push({ vlsn: BigInt(first + i), type: table.type(i), payload: table.payload(i) });
    }
    return batch;
  }

  #archive(table: EntryTable, first: number, matchpoint: bigint, reason: string): MemoryArchive {
    const archive = new MemoryArchive(
      String(++this.#archiveCount),
      reason,
      matchpoint,
      first,
      table,
    );
    if (table.count > 0) this.#archives.push(archive);
    return archive;
  }

  #wakeReaders(): void {
    for (const reader of this.#readers) reader.wake?.();
  }
}

class MemoryArchive implements Archive {
  readonly id: string;
  readonly reason: string;
  readonly matchpoint: bigint;
  readonly first: bigint;
  readonly last: bigint;
  readonly #table: EntryTable;

  constructor(id: string, reason: string, matchpoint: bigint, first: number, table: EntryTable) {
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

function u64(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}
