import { SyncupError } from '../errors.ts';
import {
  ChainedFingerprint,
  type Fingerprinter,
  type FingerprintKind,
  newFingerprinter,
} from '../fingerprint/fingerprint.ts';
import { u64 } from '../fingerprint/u64.ts';
import { checkEntries, checkVerified } from '../log/append-checks.ts';
import { type EntryKinds, SHOAL_ENTRY_KINDS } from '../log/entry-kinds.ts';
import { LogBudget, type LogBudgetOptions, sizeOf } from '../log/log-budget.ts';
import type {
  Archive,
  EncodedAccess,
  LogEntry,
  LogNotes,
  LogReport,
  LogStore,
  NewEntry,
  PassedTransactions,
  ReadOptions,
  Retention,
  StoredEntry,
  VlsnRange,
} from '../log/log-store.ts';
import { Retentions } from '../log/retentions.ts';
import { readSnapshot } from '../log/snapshot-format.ts';
import { TailReaders } from '../log/tail-readers.ts';
import { bytesOf, MemoryArchive, type MemoryArchiveContent } from './memory-archive.ts';
import { type ContentStart, EMPTY, MemoryContent } from './memory-content.ts';
import { MemorySnapshot } from './memory-snapshot.ts';

/** How many bytes of archives are kept by default. */
const MAX_ARCHIVE_BYTES = 64 * 2 ** 20;

/** Options of a {@link MemoryLog}. */
export interface MemoryLogOptions extends LogBudgetOptions {
  /** Which entries are sync points. Default {@link SHOAL_ENTRY_KINDS}. */
  readonly kinds?: EntryKinds | undefined;
  /** `chained` (default), or `noxu` to sync up with Noxu nodes. */
  readonly fingerprint?: FingerprintKind | undefined;
}

/**
 * A replicated log in memory. Besides its payload, an entry takes about 40 bytes; a look-up takes
 * O(log n). An entry's LSN is the sum of `5 + payload.length` over the entries before it. Payloads
 * hold at most 64 MiB - 64 bytes, and VLSNs and LSNs go up to 2^53-1.
 */
export class MemoryLog implements LogStore {
  readonly encoded: EncodedAccess | undefined;
  readonly #kinds: EntryKinds;
  readonly #makeFingerprinter: () => Fingerprinter;
  #content: MemoryContent;
  readonly #readers: TailReaders = new TailReaders({
    first: () => this.#content.first,
    last: () => this.#content.last,
    checkOpen: () => this.#checkOpen(),
  });
  readonly #retentions: Retentions = new Retentions();
  readonly #archives: MemoryArchive[] = [];
  #archiveCount = 0;
  readonly #budget: LogBudget;
  readonly #notes = new Map<string, Uint8Array>();
  #closed = false;

  constructor(options: MemoryLogOptions = {}) {
    this.#kinds = options.kinds ?? SHOAL_ENTRY_KINDS;
    this.#makeFingerprinter = () => newFingerprinter(options.fingerprint);
    this.#budget = new LogBudget(options, MAX_ARCHIVE_BYTES);
    this.#content = this.#contentFrom(EMPTY);
    this.encoded = this.chained ? this.#encodedAccess() : undefined;
  }

  readonly notes: LogNotes = {
    get: (name) => this.#notes.get(name)?.slice(),
    set: async (name, value) => {
      this.#checkOpen();
      this.#notes.set(name, value.slice());
    },
  };

  get chained(): boolean {
    return this.#content.fingerprinter.chained;
  }

  get range(): VlsnRange {
    const { first, last, table, syncs, txnEnds, durable } = this.#content;
    return {
      first: table.count === 0 ? 0n : BigInt(first),
      last: BigInt(last),
      lastSync: BigInt(syncs.last ?? 0),
      lastTxnEnd: BigInt(txnEnds.last ?? 0),
      durable: BigInt(Math.min(durable, last)),
    };
  }

  entry(vlsn: bigint): LogEntry | undefined {
    const { first, last, table } = this.#content;
    if (vlsn < first || vlsn > last) return undefined;
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

  get room(): number | undefined {
    return this.#budget.room(() => bytesOf(this.#content.table));
  }

  onReport(listener: (report: LogReport) => void): () => void {
    return this.#budget.onReport(listener);
  }

  /** Appends before it returns. Rejects with `argument`, `full` or `closed`. */
  async append(entries: readonly NewEntry[]): Promise<VlsnRange> {
    this.#checkOpen();
    checkEntries(entries);
    this.#checkRoom(() => sizeOf(entries));
    for (const { type, payload } of entries) this.#content.add(type, payload);
    this.#readers.wake();
    return this.range;
  }

  read(
    from: bigint,
    options: ReadOptions = {},
  ): AsyncGenerator<readonly StoredEntry[], void, undefined> {
    return this.#readers.follow({
      from,
      options,
      take: (...limits) => this.#content.batch(...limits),
      countOf: (batch) => batch.length,
    });
  }

  #encodedAccess(): EncodedAccess {
    return {
      read: (from, options = {}) =>
        this.#readers.follow({
          from,
          options,
          take: (...limits) => this.#content.encoded(...limits),
          countOf: (batch) => batch.count,
        }),
      append: async (batches) => {
        this.#checkOpen();
        checkVerified(batches, this.#content.fingerprinter);
        this.#checkRoom(() => batches.reduce((sum, { bytes }) => sum + bytes.length, 0));
        for (const batch of batches) this.#content.addVerified(batch);
        this.#readers.wake();
        return this.range;
      },
    };
  }

  async rollback(to: bigint, reason: string): Promise<Archive> {
    this.#checkOpen();
    const content = this.#content;
    const { first, last, table } = content;
    if ((to < first - 1 && to !== 0n) || to > last) {
      throw new SyncupError('argument', `to must be 0 or ${first - 1}..${last}, not ${to}`);
    }
    if (to === 0n && first > 1) return this.#replace(this.#contentFrom(EMPTY), reason);
    const tail = table.slice(Number(to) - first + 1, table.count);
    const archive = this.#archive({ table: tail, first: Number(to) + 1, matchpoint: to, reason });
    if (tail.count === 0) return archive;
    content.truncate(Number(to));
    this.#readers.cut(Number(to));
    return archive;
  }

  async *archives(): AsyncGenerator<Archive, void, undefined> {
    yield* [...this.#archives];
  }

  /** Drops an archive. Resolves with false if there is none with this id. */
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
    return this.#retentions.retain(from);
  }

  async trimHead(before: bigint): Promise<bigint> {
    this.#checkOpen();
    const content = this.#content;
    const limit = this.#retentions.limit(Math.min(Number(before), content.last));
    if (limit > content.first) {
      content.trim(limit);
      this.#readers.wake();
    }
    return this.range.first;
  }

  async exportSnapshot(): Promise<MemorySnapshot> {
    this.#checkOpen();
    const { table, last, start, durable, fingerprinter } = this.#content;
    const header = {
      ...start,
      chained: fingerprinter.chained,
      last,
      durable: Math.min(durable, last),
    };
    const fingerprint = u64(fingerprinter.low, fingerprinter.high);
    return new MemorySnapshot(header, table.slice(0, table.count), fingerprint);
  }

  async importSnapshot(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.#checkOpen();
    let content = this.#contentFrom(EMPTY);
    let last = 0;
    await readSnapshot(chunks, {
      header: (header) => {
        if (header.chained !== this.chained) {
          throw new SyncupError(
            'snapshot',
            'the snapshot is of a log with another kind of fingerprint',
          );
        }
        content = this.#contentFrom(header);
        content.durable = header.durable;
        last = header.last;
      },
      entry: (type, payload) => {
        if (this.#budget.isLimited) {
          this.#budget.checkRoom(bytesOf(content.table), sizeOf([{ payload }]));
        }
        content.add(type, payload);
      },
      trailer: (fingerprint) => {
        const { low, high } = content.fingerprinter;
        if (u64(low, high) === fingerprint) return;
        throw new SyncupError(
          'snapshot',
          `the snapshot is damaged: its entries do not have the fingerprint it states for VLSN ${last}`,
        );
      },
    });
    this.#checkOpen();
    this.#replace(content, 'replaced by a snapshot');
  }

  /**
   * A hash of the entries held, as 16 hex digits: equal for two logs that hold the same entries at
   * the same VLSNs, whatever their kind of fingerprint. O(n), or O(1) for a chained log that holds
   * VLSN 1.
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

  /** Closes the log. Readers end with `closed`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#readers.wake();
  }

  /** Throws `full`. */
  #checkRoom(more: () => number): void {
    if (this.#budget.isLimited) this.#budget.checkRoom(bytesOf(this.#content.table), more());
  }

  #checkOpen(): void {
    if (this.#closed) throw new SyncupError('closed', 'this log is closed');
  }

  #contentFrom(start: ContentStart): MemoryContent {
    return new MemoryContent(this.#kinds, this.#makeFingerprinter(), start);
  }

  #replace(content: MemoryContent, reason: string): MemoryArchive {
    const old = this.#content;
    this.#content = content;
    this.#readers.cut();
    return this.#archive({ table: old.table, first: old.first, matchpoint: 0n, reason });
  }

  #archive(content: Omit<MemoryArchiveContent, 'id'>): MemoryArchive {
    const archive = new MemoryArchive({ ...content, id: String(++this.#archiveCount) });
    if (content.table.count === 0) return archive;
    this.#archives.push(archive);
    for (const old of this.#budget.excess(this.#archives)) {
      this.#archives.splice(this.#archives.indexOf(old), 1);
      this.#budget.dropped(old, old.bytes);
    }
    return archive;
  }
}
