import {
  type Archive,
  type EncodedAccess,
  type LogAppendOptions,
  type LogEntry,
  type LogNotes,
  type LogReport,
  type LogStore,
  type NewEntry,
  type PassedTransactions,
  type ReadOptions,
  type Retention,
  type Snapshot,
  type StoredEntry,
  SyncupError,
  type VlsnRange,
} from '@shoal/syncup';
import {
  checkEntries,
  checkVerified,
  Retentions,
  sizeOf,
  TailReaders,
} from '@shoal/syncup/internal';
import { ENTRY_HEADER } from '../blocks/block.ts';
import type { BlockStore } from '../blocks/block-store.ts';
import type { BlockWriter } from '../blocks/block-writer.ts';
import type { Position } from '../blocks/position.ts';
import type { History } from '../history/history.ts';
import type { ResolvedOptions } from '../open/options.ts';
import { Appender } from './appender.ts';
import { DurableMark } from './durable-mark.ts';
import { LogChanges } from './log-changes.ts';
import { LogReads } from './log-reads.ts';
import { type LogState, lastOf, writerFor } from './log-state.ts';
import { OperationQueue } from './operation-queue.ts';

/** What `openLmdbLog` has opened. */
export interface LmdbLogParts {
  readonly options: ResolvedOptions;
  readonly store: BlockStore;
  readonly history: History;
  /** The position after the last entry. */
  readonly end: Position;
  /** The last VLSN known to be durable. */
  readonly durable: number;
  readonly onClosed: () => void;
}

/**
 * A durable replicated log in an LMDB environment. Entries are stored in blocks of about 64 KiB,
 * each with a checksum that is verified whenever the block is read. An entry's LSN is the sum of
 * `5 + payload.length` over the entries before it. Payloads hold at most 64 MiB - 64 bytes, and
 * VLSNs and LSNs go up to 2^53-1.
 *
 * After a `storage` error the log can be read but not written: close it and open it again.
 */
export class LmdbLog implements LogStore {
  readonly #state: LogState;
  readonly #reads: LogReads;
  readonly #changes: LogChanges;
  readonly #queue: OperationQueue;
  readonly #retentions = new Retentions();
  readonly #onClosed: () => void;
  #closing: Promise<void> | undefined;

  /** @internal Use `openLmdbLog`. */
  constructor(parts: LmdbLogParts) {
    const { options, store, history, end } = parts;
    this.#onClosed = parts.onClosed;
    this.#queue = new OperationQueue(options.maxPendingBytes);
    const durable = new DurableMark(parts.durable, () => void appender.commit());
    const readers = new TailReaders({
      first: () => history.first,
      last: () => appender.visible.last,
      checkOpen: () => this.#checkOpen(),
    });
    const generation = history.spans.at(-1)!.generation;
    const appender = new Appender({
      store,
      writer: writerFor(options, generation, end),
      maxGroupBytes: options.maxPendingBytes / 2,
      onVisible: () => readers.wake(),
      onFailed: (last) => readers.cut(last),
      onFreed: (bytes) => this.#queue.free(bytes),
      takeRecords: () => durable.take(),
    });
    this.#state = { options, store, history, appender, durable, readers };
    this.#reads = new LogReads(this.#state);
    this.#changes = new LogChanges(this.#state, this.#queue);
  }

  get chained(): boolean {
    return this.#state.options.fingerprint === 'chained';
  }

  get range(): VlsnRange {
    return this.#reads.range;
  }

  /** Throws `corrupt` or `closed`. */
  entry(vlsn: bigint): LogEntry | undefined {
    this.#checkOpen();
    return this.#reads.entry(vlsn);
  }

  /** Throws `corrupt` or `closed`. */
  syncAtOrBefore(vlsn: bigint): LogEntry | undefined {
    this.#checkOpen();
    return this.#reads.syncAtOrBefore(vlsn);
  }

  /** Rejects with `corrupt` or `closed`. */
  async passedTransactions(vlsn: bigint): Promise<PassedTransactions> {
    this.#checkOpen();
    return this.#reads.passedTransactions(vlsn);
  }

  /**
   * Appends in order, all or none. Resolves once the entries are on disk. With
   * `durable: false` it resolves once they can be read: a crash may then lose the last of them,
   * never some in the middle. Appends under way at once share a transaction and a sync. Waits while
   * `maxPendingBytes` are under way; do not change the entries before it resolves.
   *
   * Rejects with `argument`, `full`, `closed` or `storage`.
   */
  async append(entries: readonly NewEntry[], options: LogAppendOptions = {}): Promise<VlsnRange> {
    this.#checkWritable();
    checkEntries(entries);
    const bytes = Appender.sizeOf(entries);
    return this.#append(bytes, options, (writer) => {
      this.#checkRoom(writer, () => sizeOf(entries));
      let hint = bytes;
      for (const { type, payload } of entries) {
        writer.add(type, payload, hint);
        hint -= ENTRY_HEADER + payload.length;
      }
    });
  }

  /** Payloads are copies. Also throws `corrupt`, at the damaged entry. */
  read(
    from: bigint,
    options: ReadOptions = {},
  ): AsyncGenerator<readonly StoredEntry[], void, undefined> {
    return this.#state.readers.follow({
      from,
      options,
      take: (...limits) => this.#reads.batch(...limits),
      countOf: (batch) => batch.length,
    });
  }

  /** Access to encoded entries, if fingerprints are chained. The bytes read are copies. */
  get encoded(): EncodedAccess | undefined {
    return this.chained ? this.#encoded : undefined;
  }

  readonly #encoded: EncodedAccess = {
    read: (from, options = {}) =>
      this.#state.readers.follow({
        from,
        options,
        take: (...limits) => this.#reads.encoded(...limits),
        countOf: (batch) => batch.count,
      }),
    append: async (batches, options = {}) => {
      this.#checkWritable();
      let size = 1;
      for (const { bytes, count } of batches) size += bytes.length + 8 * count;
      return this.#append(size, options, (writer) => {
        this.#checkRoom(writer, () => batches.reduce((sum, { bytes }) => sum + bytes.length, 0));
        checkVerified(batches, writer.position);
        for (const batch of batches) writer.addVerified(batch);
      });
    },
  };

  /** Written in transactions of their own, with a checksum each. */
  readonly notes: LogNotes = {
    get: (name) => {
      this.#checkOpen();
      return this.#reads.note(name);
    },
    set: async (name, value) => {
      this.#checkWritable();
      await this.#changes.setNote(name, value);
    },
  };

  async #append(
    bytes: number,
    options: LogAppendOptions,
    fill: (writer: BlockWriter) => void,
  ): Promise<VlsnRange> {
    const durable = options.durable ?? this.#state.options.durable;
    const { appender } = this.#state;
    await new Promise<void>((resolve, reject) => {
      this.#queue.append(bytes, () => {
        appender.append(fill, { bytes, durable }).then(resolve, reject);
      });
    });
    return this.range;
  }

  /**
   * One small transaction, however long the tail: its entries stay where they are and become an
   * archive. Rejects with `argument`, `closed` or `storage`.
   */
  async rollback(to: bigint, reason: string): Promise<Archive> {
    this.#checkWritable();
    return this.#changes.rollback(to, reason);
  }

  /** Throws `closed`. */
  async *archives(): AsyncGenerator<Archive, void, undefined> {
    this.#checkOpen();
    yield* this.#state.history.archives();
  }

  /**
   * Deletes an archive. Resolves with false if there is none with this id. Rejects with `closed` or
   * `storage`.
   */
  async deleteArchive(id: string): Promise<boolean> {
    this.#checkWritable();
    return this.#changes.deleteArchive(id);
  }

  /** Written with the next append, or after a second. A crash may forget the latest value. */
  noteDurable(vlsn: bigint): void {
    this.#state.durable.raise(vlsn);
  }

  /** Throws `corrupt`. */
  get room(): number | undefined {
    const { options, history, appender } = this.#state;
    return options.budget.room(() => appender.written.lsn - history.firstLsn);
  }

  onReport(listener: (report: LogReport) => void): () => void {
    return this.#state.options.budget.onReport(listener);
  }

  retain(from: bigint): Retention {
    return this.#retentions.retain(from);
  }

  /** Deletes whole blocks; LMDB reuses their space. Rejects with `closed` or `storage`. */
  async trimHead(before: bigint): Promise<bigint> {
    this.#checkWritable();
    await this.#changes.trimHead(() => {
      const last = lastOf(this.#state);
      return this.#retentions.limit(before > last ? last : Number(before));
    });
    return this.range.first;
  }

  /** Rejects with `closed` or `corrupt`. */
  async exportSnapshot(): Promise<Snapshot> {
    this.#checkOpen();
    return this.#reads.snapshot();
  }

  /**
   * Appends continue until the snapshot is complete. Rejects with `snapshot`, `version`, `storage`,
   * `closed`, or what `chunks` throws.
   */
  async importSnapshot(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.#checkWritable();
    await this.#changes.importSnapshot(chunks, () => this.#checkWritable());
  }

  /**
   * Reads every entry held now and recomputes its fingerprint. Rejects with `corrupt` at the first
   * damaged entry, or with `closed`.
   */
  async verify(): Promise<void> {
    this.#checkOpen();
    await this.#reads.verify();
  }

  /**
   * Closes the log. Readers end with `closed`, and appends that were accepted are finished. Never
   * rejects.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { durable, readers, appender, history, store } = this.#state;
    durable.stop();
    // Readers look at `#closing`, which is set only in the next turn.
    await Promise.resolve();
    readers.wake();
    await this.#queue.idle();
    await appender.commit();
    await history.stop();
    await store.close();
    this.#onClosed();
  }

  /** Throws `full`. */
  #checkRoom(writer: BlockWriter, more: () => number): void {
    const { options, history } = this.#state;
    if (!options.budget.isLimited) return;
    options.budget.checkRoom(writer.position.lsn - history.firstLsn, more());
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new SyncupError('closed', 'this log is closed');
  }

  #checkWritable(): void {
    this.#checkOpen();
    const { failure } = this.#state.appender;
    if (failure !== undefined) throw failure;
  }
}
