import type { Archive } from '@shoal/syncup';
import type { KindFlags } from '../blocks/block.ts';
import type { BlockStore } from '../blocks/block-store.ts';
import { Entries } from '../blocks/entries.ts';
import type { Position } from '../blocks/position.ts';
import { type ArchiveRecord, archiveName, type LogRecord } from '../blocks/record.ts';
import { clip, type Span } from '../blocks/span.ts';
import { garbageRecords, purge } from './garbage.ts';
import { LmdbArchive } from './lmdb-archive.ts';

/** How a rollback or a restore replaces the spans of a log. */
export interface Replacement {
  /** The spans that stay. */
  readonly kept: readonly Span[];
  /** The spans that go into an archive. */
  readonly cut: readonly Span[];
  readonly reason: string;
  readonly matchpoint: number;
  /** Where the next entry goes, and in which generation. */
  readonly end: Position;
  readonly generation: number;
  readonly durable: number;
  /** Other records to write. */
  readonly records?: Readonly<Record<string, unknown>> | undefined;
}

/** What a {@link History} starts from. */
export interface HistoryOptions {
  readonly store: BlockStore;
  readonly kinds: KindFlags;
  readonly record: LogRecord;
  readonly archives: readonly ArchiveRecord[];
  /** A generation that no block has, nor any generation above. */
  readonly generation: number;
}

/**
 * Which entries on disk belong to the log, and which to an archive. No operation moves entries:
 * each is one small transaction. What nothing needs any longer is deleted afterwards.
 */
export class History {
  readonly #store: BlockStore;
  readonly #kinds: KindFlags;
  #record: LogRecord;
  #entries: Entries;
  readonly #archives: Map<number, ArchiveRecord>;
  #nextGeneration: number;
  #nextArchive: number;
  /** The spans that snapshots and restores use. */
  readonly #busy = new Set<readonly Span[]>();
  #firstLsn: number | undefined;
  #purging: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor({ store, kinds, record, archives, generation }: HistoryOptions) {
    this.#store = store;
    this.#kinds = kinds;
    this.#record = record;
    this.#entries = this.entriesOf(record.spans);
    this.#archives = new Map(archives.map((archive) => [archive.id, archive]));
    this.#nextGeneration = generation;
    this.#nextArchive = record.nextArchive;
  }

  /** The lowest VLSN held; the next one if none is. */
  get first(): number {
    return this.#record.first;
  }

  /** The LSN of the lowest entry held, or of the next one if none is. Throws `corrupt`. */
  get firstLsn(): number {
    const { first, base } = this.#record;
    if (first === base.last + 1) return base.lsn;
    this.#firstLsn ??= this.#entries.positionBefore(first).lsn;
    return this.#firstLsn;
  }

  /** The entries of the log that are committed or staged. */
  get entries(): Entries {
    return this.#entries;
  }

  get spans(): readonly Span[] {
    return this.#record.spans;
  }

  /** Starts a generation. */
  newGeneration(): number {
    return this.#nextGeneration++;
  }

  entriesOf(spans: readonly Span[]): Entries {
    return new Entries(this.#store, this.#kinds, spans);
  }

  /** Keeps the blocks of spans until the returned function is called. */
  hold(spans: readonly Span[]): () => void {
    this.#busy.add(spans);
    return () => {
      if (this.#busy.delete(spans)) void this.purge();
    };
  }

  /** Replaces the spans of the log. Returns the archive. Throws `storage`. */
  async replace(change: Replacement): Promise<Archive> {
    const { kept, cut, reason, matchpoint, end, generation, durable } = change;
    const archive = { id: this.#nextArchive++, reason, matchpoint, spans: cut };
    const open = { generation, first: end.last + 1, last: Number.POSITIVE_INFINITY };
    const { archives } = this.#record;
    const record: LogRecord = {
      ...this.#record,
      archives: cut.length > 0 ? [...archives, archive.id] : archives,
      first: kept[0]?.first ?? open.first,
      spans: [...kept, open],
      base: end,
      nextGeneration: this.#nextGeneration,
      nextArchive: this.#nextArchive,
    };
    const records: Record<string, unknown> = { ...change.records, log: record, durable };
    if (cut.length > 0) records[archiveName(archive.id)] = archive;
    await this.#store.commit({ records });
    if (cut.length > 0) this.#archives.set(archive.id, archive);
    this.#become(record);
    return this.#archiveOf(archive);
  }

  /** An archive without entries, which is not stored. */
  emptyArchive(reason: string, matchpoint: number): Archive {
    return this.#archiveOf({ id: this.#nextArchive++, reason, matchpoint, spans: [] });
  }

  /** Drops the entries below `first`. Throws `storage`. */
  async trim(first: number): Promise<void> {
    const { spans } = this.#record;
    const record = { ...this.#record, first, spans: clip(spans, first, Number.POSITIVE_INFINITY) };
    const gone = clip(spans, this.#record.first, first - 1);
    await this.#store.commit({ records: { ...garbageRecords(gone), log: record } });
    this.#become(record);
  }

  /** The archives, oldest first. */
  archives(): LmdbArchive[] {
    return [...this.#archives.values()].map((record) => this.#archiveOf(record));
  }

  /** Resolves with false if there is none with this id. Throws `storage`. */
  async deleteArchive(id: string): Promise<boolean> {
    const archive = this.#archives.get(Number(id));
    if (archive === undefined || String(archive.id) !== id) return false;
    const archives = this.#record.archives.filter((other) => other !== archive.id);
    const record = { ...this.#record, archives };
    const name = archiveName(archive.id);
    const records = { ...garbageRecords(archive.spans), [name]: undefined, log: record };
    await this.#store.commit({ records });
    this.#archives.delete(archive.id);
    this.#become(record);
    return true;
  }

  /** Deletes what nothing holds. Never rejects: what fails is done when the log is opened next. */
  purge(): Promise<void> {
    const holders = {
      kept: () => [...this.spans, ...[...this.#archives.values()].flatMap(({ spans }) => spans)],
      busy: () => [...this.#busy].flat(),
      stopped: () => this.#stopped,
    };
    this.#purging = this.#purging.then(() => purge(this.#store, holders)).catch(() => {});
    return this.#purging;
  }

  /** Stops deleting. Resolves once nothing is under way. */
  stop(): Promise<void> {
    this.#stopped = true;
    return this.#purging;
  }

  #become(record: LogRecord): void {
    this.#record = record;
    this.#firstLsn = undefined;
    this.#entries = this.entriesOf(record.spans);
  }

  #archiveOf(record: ArchiveRecord): LmdbArchive {
    const entries = this.entriesOf(record.spans);
    return new LmdbArchive(record, entries, () => this.#archives.has(record.id));
  }
}
