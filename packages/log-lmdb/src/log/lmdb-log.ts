import {
  type Archive,
  type EncodedAccess,
  type LogAppendOptions,
  type LogEntry,
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
  ChainedFingerprint,
  checkEntries,
  checkVerified,
  type Fingerprinter,
  NoxuFingerprint,
  Retentions,
  TailReaders,
} from '@shoal/syncup/internal';
import { ENTRY_HEADER } from '../blocks/block.ts';
import type { BlockStore } from '../blocks/block-store.ts';
import { BlockWriter } from '../blocks/block-writer.ts';
import type { Entries } from '../blocks/entries.ts';
import { type Position, START } from '../blocks/position.ts';
import { clip } from '../blocks/span.ts';
import { garbageName, garbageRecords } from '../history/garbage.ts';
import type { History } from '../history/history.ts';
import type { ResolvedOptions } from '../open/options.ts';
import { LmdbSnapshot } from '../snapshot/lmdb-snapshot.ts';
import { restore } from '../snapshot/restore.ts';
import { Appender } from './appender.ts';
import { DurableMark } from './durable-mark.ts';
import { OperationQueue } from './operation-queue.ts';
import { verifyEntries } from './verify.ts';

/** What `openLmdbLog` has found. */
export interface LmdbLogParts {
  readonly options: ResolvedOptions;
  readonly store: BlockStore;
  readonly history: History;
  readonly end: Position;
  readonly durable: number;
  readonly onClosed: () => void;
}

/**
 * A replicated log in an LMDB environment. Entries are stored in blocks of about 64 KiB, each
 * with a checksum that is verified whenever it is read. An entry's LSN is the sum of
 * `5 + payload.length` over the entries before it. Payloads of up to 64 MiB - 64 bytes, and
 * 2^53-1 of anything.
 *
 * After an error `storage` it can be read but not written: close it, and open it again.
 */
export class LmdbLog implements LogStore {
  readonly #options: ResolvedOptions;
  readonly #store: BlockStore;
  readonly #history: History;
  readonly #onClosed: () => void;
  readonly #appender: Appender;
  readonly #queue: OperationQueue;
  readonly #readers: TailReaders;
  readonly #retentions = new Retentions();
  readonly #durable: DurableMark;
  #closing: Promise<void> | undefined;

  /** For `openLmdbLog` only. */
  constructor(parts: LmdbLogParts) {
    const { options, store, history, end } = parts;
    this.#options = options;
    this.#store = store;
    this.#history = history;
    this.#onClosed = parts.onClosed;
    this.#durable = new DurableMark(parts.durable, () => void this.#appender.commit());
    this.#queue = new OperationQueue(options.maxPendingBytes);
    const readers = new TailReaders({
      first: () => history.first,
      last: () => this.#last,
      checkOpen: () => this.#checkOpen(),
    });
    this.#readers = readers;
    const generation = history.spans.at(-1)!.generation;
    const writer = this.#writer(generation, end);
    this.#appender = new Appender(store, writer, options.maxPendingBytes / 2, {
      changed: () => readers.wake(),
      failed: (last) => readers.cut(last),
      freed: (bytes) => this.#queue.free(bytes),
      records: () => this.#durable.take(),
    });
  }

  get chained(): boolean {
    return this.#options.fingerprint === 'chained';
  }

  get range(): VlsnRange {
    const { first } = this.#history;
    const { last, lastSync, lastTxnEnd } = this.#appender.visible;
    return {
      first: last < first ? 0n : BigInt(first),
      last: BigInt(last),
      lastSync: lastSync < first ? 0n : BigInt(lastSync),
      lastTxnEnd: lastTxnEnd < first ? 0n : BigInt(lastTxnEnd),
      durable: BigInt(Math.min(this.#durable.value, last)),
    };
  }

  /** Throws `corrupt` when it is damaged on the disk, and `closed`. */
  entry(vlsn: bigint): LogEntry | undefined {
    this.#checkOpen();
    if (vlsn < this.#history.first || vlsn > this.#last) return undefined;
    return this.#readable().entry(Number(vlsn));
  }

  /** Throws as {@link LmdbLog.entry} does. */
  syncAtOrBefore(vlsn: bigint): LogEntry | undefined {
    this.#checkOpen();
    const { first } = this.#history;
    const from = vlsn > this.#last ? this.#last : Number(vlsn);
    if (from < first) return undefined;
    return this.#readable().syncAtOrBefore(from, first);
  }

  /** Rejects as {@link LmdbLog.entry} throws. */
  async passedTransactions(vlsn: bigint): Promise<PassedTransactions> {
    this.#checkOpen();
    const { first } = this.#history;
    const { last, txnEnds } = this.#appender.visible;
    const from = vlsn < first ? first - 1 : vlsn > last ? last : Number(vlsn);
    const below = this.#txnEndsTo(from);
    const durable = this.#txnEndsTo(Math.min(this.#durable.value, last)) - below;
    const count = txnEnds - below;
    const ends = await this.#readable().txnEnds(from + 1, last, Math.min(1000, count));
    return { count, durable: Math.max(0, durable), vlsns: ends.map(BigInt) };
  }

  /**
   * Appends in order, all or none. Resolves when the entries are on the disk; with
   * `durable: false` as soon as they can be read: a crash of the process may lose those of the
   * last moments, never some in the middle. Appends under way at once share a transaction and a
   * sync. Waits while too much is under way; leave the entries alone until it resolves.
   *
   * Rejects with `argument`, `closed` or `storage`.
   */
  async append(entries: readonly NewEntry[], options: LogAppendOptions = {}): Promise<VlsnRange> {
    this.#checkWritable();
    checkEntries(entries);
    const bytes = Appender.sizeOf(entries);
    return this.#append(bytes, options, (writer) => {
      let hint = bytes;
      for (const { type, payload } of entries) {
        writer.add(type, payload, hint);
        hint -= ENTRY_HEADER + payload.length;
      }
    });
  }

  /** Throws `corrupt` too, at the entry that is damaged. */
  read(
    from: bigint,
    options: ReadOptions = {},
  ): AsyncGenerator<readonly StoredEntry[], void, undefined> {
    return this.#readers.follow({
      from,
      options,
      take: (next, ...limits) => this.#readable().batch(next, this.#last, ...limits),
      countOf: (batch) => batch.length,
    });
  }

  /** Of a log with chained fingerprints; what is read is a copy. Fails as the others do. */
  get encoded(): EncodedAccess | undefined {
    return this.chained ? this.#encoded : undefined;
  }

  readonly #encoded: EncodedAccess = {
    read: (from, options = {}) =>
      this.#readers.follow({
        from,
        options,
        take: (next, ...limits) => this.#readable().encoded(next, this.#last, ...limits),
        countOf: (batch) => batch.count,
      }),
    append: async (batches, options = {}) => {
      this.#checkWritable();
      let size = 1;
      for (const { bytes, count } of batches) size += bytes.length + 8 * count;
      return this.#append(size, options, (writer) => {
        checkVerified(batches, writer.position);
        for (const batch of batches) writer.addVerified(batch);
      });
    },
  };

  async #append(
    bytes: number,
    options: LogAppendOptions,
    fill: (writer: BlockWriter) => void,
  ): Promise<VlsnRange> {
    const durable = options.durable ?? this.#options.durable;
    await new Promise<void>((resolve, reject) => {
      this.#queue.append(bytes, () => {
        this.#appender.append(fill, bytes, durable).then(resolve, reject);
      });
    });
    return this.range;
  }

  /**
   * One small transaction, however long the tail: the entries become an archive where they are.
   * Rejects with `argument`, `closed` or `storage`.
   */
  async rollback(to: bigint, reason: string): Promise<Archive> {
    this.#checkWritable();
    return this.#alone(async () => {
      const { first, spans, entries } = this.#history;
      const last = this.#last;
      if ((to < first - 1 && to !== 0n) || to > last) {
        throw new SyncupError('argument', `a VLSN of 0 or ${first - 1}..${last}, not ${to}`);
      }
      const matchpoint = Number(to);
      if (matchpoint === last) return this.#history.nothing(reason, matchpoint);
      const kept = clip(spans, first, matchpoint);
      let end = START;
      if (kept.length > 0) end = entries.position(matchpoint);
      else if (matchpoint === first - 1) end = entries.positionBefore(first);
      const cut = clip(spans, Math.max(first, matchpoint + 1), last);
      const generation = this.#history.newGeneration();
      const durable = Math.min(this.#durable.value, matchpoint);
      this.#durable.set(durable);
      const change = { kept, cut, reason, matchpoint, end, generation, durable };
      const archive = await this.#history.replace(change);
      this.#appender.reset(this.#writer(generation, end));
      this.#readers.cut(kept.length > 0 || matchpoint === first - 1 ? matchpoint : undefined);
      return archive;
    });
  }

  /** Throws `closed`. */
  async *archives(): AsyncGenerator<Archive, void, undefined> {
    this.#checkOpen();
    yield* this.#history.archives();
  }

  /** Deletes an archive; false when there is none of this id. Rejects with `closed`, `storage`. */
  async deleteArchive(id: string): Promise<boolean> {
    this.#checkWritable();
    const deleted = await this.#alone(() => this.#history.deleteArchive(id));
    if (deleted) await this.#history.purge();
    return deleted;
  }

  /** Written with what is appended next, or after a second: a crash may forget the latest. */
  noteDurable(vlsn: bigint): void {
    this.#durable.raise(vlsn);
  }

  retain(from: bigint): Retention {
    return this.#retentions.retain(from);
  }

  /** Deletes whole blocks; their space is used again. Rejects with `closed` or `storage`. */
  async trimHead(before: bigint): Promise<bigint> {
    this.#checkWritable();
    await this.#alone(async () => {
      const limit = this.#retentions.limit(before > this.#last ? this.#last : Number(before));
      if (limit <= this.#history.first) return;
      await this.#history.trim(limit);
      this.#readers.wake();
    });
    await this.#history.purge();
    return this.range.first;
  }

  /** Rejects with `closed` and `corrupt`. */
  async exportSnapshot(): Promise<Snapshot> {
    this.#checkOpen();
    const { first } = this.#history;
    const end = this.#appender.visible;
    const { last } = end;
    const { lsn, low, high } = last < first ? end : this.#readable().positionBefore(first);
    const durable = Math.min(this.#durable.value, last);
    const header = { chained: this.chained, first, last, lsn, low, high, durable };
    const spans = clip(this.#history.spans, first, last);
    const release = this.#history.hold(spans);
    return new LmdbSnapshot(header, end, this.#history.entriesOf(spans), release);
  }

  /** Rejects with `storage` and `closed` too. Appends go on until the moment of the change. */
  async importSnapshot(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.#checkWritable();
    const history = this.#history;
    const generation = history.newGeneration();
    // Until the log consists of it, it is garbage: a crash leaves nothing behind.
    const all = [{ generation, first: 0, last: Number.POSITIVE_INFINITY }];
    const release = history.hold(all);
    try {
      await this.#guarded(this.#store.commit({ records: garbageRecords(all) }));
      const { header, writer, base } = await restore(chunks, {
        store: this.#store,
        kinds: this.#options.kinds,
        fingerprinter: this.#fingerprinter(),
        generation,
        checkOpen: () => this.#checkWritable(),
      });
      await this.#alone(async () => {
        this.#durable.set(header.durable);
        await history.replace({
          kept: [],
          cut: clip(history.spans, history.first, this.#last),
          reason: 'replaced by a snapshot',
          matchpoint: 0,
          end: base,
          generation,
          durable: header.durable,
          records: { [garbageName(all[0]!)]: undefined },
        });
        this.#appender.reset(writer);
        this.#readers.cut();
      });
    } finally {
      release();
    }
  }

  /**
   * Reads everything that is held now and computes every fingerprint anew. Rejects with
   * `corrupt` for the first entry that is not as it was, and with `closed`.
   */
  async verify(): Promise<void> {
    this.#checkOpen();
    this.#appender.stage();
    const spans = clip(this.#history.spans, this.#history.first, this.#last);
    const release = this.#history.hold(spans);
    try {
      await verifyEntries(this.#history.entriesOf(spans), this.#fingerprinter());
    } finally {
      release();
    }
  }

  /** Ends all readers, finishes what was accepted, and lets go of the files. Never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#durable.stop();
    // Only now is `#closing` set.
    await Promise.resolve();
    this.#readers.wake();
    await this.#queue.idle();
    await this.#appender.commit();
    await this.#history.stop();
    await this.#store.close();
    this.#onClosed();
  }

  get #last(): number {
    return this.#appender.visible.last;
  }

  /** What can be read. */
  #readable(): Entries {
    this.#appender.stage();
    return this.#history.entries;
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new SyncupError('closed', 'this log is closed');
  }

  #checkWritable(): void {
    this.#checkOpen();
    if (this.#appender.failure !== undefined) throw this.#appender.failure;
  }

  /** Runs when everything before it has been done, and nothing beside it. */
  #alone<T>(run: () => Promise<T>): Promise<T> {
    return this.#queue.alone(async () => {
      if (this.#appender.failure !== undefined) throw this.#appender.failure;
      return this.#guarded(run());
    });
  }

  /** Nothing can be written after the first failure. */
  async #guarded<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof SyncupError && error.code === 'storage') this.#appender.fail(error);
      throw error;
    }
  }

  #fingerprinter(): Fingerprinter {
    return this.chained ? new ChainedFingerprint() : new NoxuFingerprint();
  }

  #writer(generation: number, end: Position): BlockWriter {
    return new BlockWriter(generation, end, this.#options.kinds, this.#fingerprinter());
  }

  /** How many transaction ends there are up to `vlsn`, by the count of the log. */
  #txnEndsTo(vlsn: number): number {
    const { first } = this.#history;
    const { last, txnEnds } = this.#appender.visible;
    if (vlsn >= last || last < first) return txnEnds;
    const entries = this.#readable();
    return (vlsn < first ? entries.positionBefore(first) : entries.position(vlsn)).txnEnds;
  }
}
