import type { Archive } from '@shoal/syncup';
import type { KindFlags } from '../blocks/block.ts';
import type { BlockStore } from '../blocks/block-store.ts';
import { Entries } from '../blocks/entries.ts';
import type { Position } from '../blocks/position.ts';
import { type ArchiveRecord, archiveName, type LogRecord } from '../blocks/record.ts';
import { clip, type Span } from '../blocks/span.ts';
import { garbageRecords, purge } from './garbage.ts';
import { LmdbArchive } from './lmdb-archive.ts';

/** How a rollback or a restore changes a log. */
export interface Replacement {
  /** What stays. */
  readonly kept: readonly Span[];
  /** What goes into an archive. */
  readonly cut: readonly Span[];
  readonly reason: string;
  readonly matchpoint: number;
  /** What is appended next to, and in which generation. */
  readonly end: Position;
  readonly generation: number;
  readonly durable: number;
  /** What else is to be written. */
  readonly records?: Readonly<Record<string, unknown>>;
}

/**
 * Which entries on the disk are the log's, and which an archive's. No operation moves an entry:
 * each is one small transaction, and deletes what nothing needs afterwards.
 */
export class History {
  readonly #store: BlockStore;
  readonly #kinds: KindFlags;
  #record: LogRecord;
  #entries: Entries;
  readonly #archives: Map<number, ArchiveRecord>;
  #nextGeneration: number;
  #nextArchive: number;
  /** What snapshots and restores are using. */
  readonly #busy = new Set<readonly Span[]>();
  #purging: Promise<void> = Promise.resolve();
  #stopped = false;

  /** @param generation one that no block has, nor any after it */
  constructor(
    store: BlockStore,
    kinds: KindFlags,
    record: LogRecord,
    archives: readonly ArchiveRecord[],
    generation: number,
  ) {
    this.#store = store;
    this.#kinds = kinds;
    this.#record = record;
    this.#entries = this.entriesOf(record.spans);
    this.#archives = new Map(archives.map((archive) => [archive.id, archive]));
    this.#nextGeneration = generation;
    this.#nextArchive = record.nextArchive;
  }

  /** The lowest VLSN that is held, or the next one when none is. */
  get first(): number {
    return this.#record.first;
  }

  /** What has been committed or staged of the log. */
  get entries(): Entries {
    return this.#entries;
  }

  get spans(): readonly Span[] {
    return this.#record.spans;
  }

  /** A generation that no entry has. */
  newGeneration(): number {
    return this.#nextGeneration++;
  }

  entriesOf(spans: readonly Span[]): Entries {
    return new Entries(this.#store, this.#kinds, spans);
  }

  /** Keeps blocks from being deleted, until the function is called. */
  hold(spans: readonly Span[]): () => void {
    this.#busy.add(spans);
    return () => {
      if (this.#busy.delete(spans)) void this.purge();
    };
  }

  /** Throws `storage`. */
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

  /** An archive of nothing, which is not kept. */
  nothing(reason: string, matchpoint: number): Archive {
    return this.#archiveOf({ id: this.#nextArchive++, reason, matchpoint, spans: [] });
  }

  /** Gives up what is below. Throws `storage`. */
  async trim(first: number): Promise<void> {
    const { spans } = this.#record;
    const record = { ...this.#record, first, spans: clip(spans, first, Number.POSITIVE_INFINITY) };
    const gone = clip(spans, this.#record.first, first - 1);
    await this.#store.commit({ records: { ...garbageRecords(gone), log: record } });
    this.#become(record);
  }

  /** Oldest first. */
  archives(): Archive[] {
    return [...this.#archives.values()].map((record) => this.#archiveOf(record));
  }

  /** False when there is none of this id. Throws `storage`. */
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

  /** Deletes what nothing holds. Never rejects: what it could not do is done on opening. */
  purge(): Promise<void> {
    const holders = {
      kept: () => [...this.spans, ...[...this.#archives.values()].flatMap(({ spans }) => spans)],
      busy: () => [...this.#busy].flat(),
      stopped: () => this.#stopped,
    };
    this.#purging = this.#purging.then(() => purge(this.#store, holders)).catch(() => {});
    return this.#purging;
  }

  /** Resolves when nothing is being deleted any more. */
  stop(): Promise<void> {
    this.#stopped = true;
    return this.#purging;
  }

  #become(record: LogRecord): void {
    this.#record = record;
    this.#entries = this.entriesOf(record.spans);
  }

  #archiveOf(record: ArchiveRecord): Archive {
    const entries = this.entriesOf(record.spans);
    return new LmdbArchive(record, entries, () => this.#archives.has(record.id));
  }
}
