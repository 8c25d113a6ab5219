import { type Archive, SyncupError } from '@shoal/syncup';
import { START } from '../blocks/position.ts';
import { noteName } from '../blocks/record.ts';
import { clip } from '../blocks/span.ts';
import { garbageName, garbageRecords } from '../history/garbage.ts';
import { restore } from '../snapshot/restore.ts';
import { fingerprinterOf, type LogState, lastOf, writerFor } from './log-state.ts';
import type { OperationQueue } from './operation-queue.ts';

/**
 * What changes an open log other than an append. Each change is one small transaction, made while
 * nothing else is under way. All methods reject with `storage` if the disk refuses.
 */
export class LogChanges {
  readonly #state: LogState;
  readonly #queue: OperationQueue;

  constructor(state: LogState, queue: OperationQueue) {
    this.#state = state;
    this.#queue = queue;
  }

  /** Archives everything above `to` and cuts it off. Rejects with `argument`. */
  async rollback(to: bigint, reason: string): Promise<Archive> {
    const archive = await this.#rollback(to, reason);
    await this.#dropExcessArchives();
    return archive;
  }

  /** Deletes the oldest archives if all together hold too much. */
  async #dropExcessArchives(): Promise<void> {
    const { history, options } = this.#state;
    for (const archive of options.budget.excess(history.archives())) {
      const { bytes } = archive;
      if (await this.deleteArchive(archive.id)) options.budget.dropped(archive, bytes);
    }
  }

  #rollback(to: bigint, reason: string): Promise<Archive> {
    return this.#alone(async () => {
      const { history, durable, appender, readers, options } = this.#state;
      const { first, spans, entries } = history;
      const last = lastOf(this.#state);
      if ((to < first - 1 && to !== 0n) || to > last) {
        throw new SyncupError('argument', `to must be 0 or ${first - 1}..${last}, not ${to}`);
      }
      const matchpoint = Number(to);
      if (matchpoint === last) return history.emptyArchive(reason, matchpoint);
      const kept = clip(spans, first, matchpoint);
      const startsOver = kept.length === 0 && matchpoint !== first - 1;
      let end = START;
      if (kept.length > 0) end = entries.position(matchpoint);
      else if (!startsOver) end = entries.positionBefore(first);
      const generation = history.newGeneration();
      durable.set(Math.min(durable.value, matchpoint));
      const archive = await history.replace({
        kept,
        cut: clip(spans, Math.max(first, matchpoint + 1), last),
        reason,
        matchpoint,
        end,
        generation,
        durable: durable.value,
      });
      appender.reset(writerFor(options, generation, end));
      readers.cut(startsOver ? undefined : matchpoint);
      return archive;
    });
  }

  /** Resolves with false if there is no archive with this id. */
  async deleteArchive(id: string): Promise<boolean> {
    const { history } = this.#state;
    const deleted = await this.#alone(() => history.deleteArchive(id));
    if (deleted) await history.purge();
    return deleted;
  }

  /** Drops the entries below `limit()`, which is asked when nothing else is under way. */
  async trimHead(limit: () => number): Promise<void> {
    const { history, readers } = this.#state;
    await this.#alone(async () => {
      const first = limit();
      if (first <= history.first) return;
      await history.trim(first);
      readers.wake();
    });
    await history.purge();
  }

  /**
   * Writes a snapshot beside the log, proves it, then puts it in the log's place. Appends
   * continue until then. Rejects with `snapshot`, or what `chunks` or `checkOpen` throw.
   */
  async importSnapshot(chunks: AsyncIterable<Uint8Array>, checkOpen: () => void): Promise<void> {
    const { store, history, durable, appender, readers, options } = this.#state;
    const generation = history.newGeneration();
    // Until it has become the log, it counts as garbage, so that a crash leaves nothing behind.
    const garbage = { generation, first: 0, last: Number.POSITIVE_INFINITY };
    const release = history.hold([garbage]);
    try {
      await this.#failing(store.commit({ records: garbageRecords([garbage]) }));
      const fingerprinter = fingerprinterOf(options);
      const { kinds } = options;
      const { budget } = options;
      const target = { store, kinds, fingerprinter, generation, checkOpen, budget };
      const { header, writer, base } = await restore(chunks, target);
      await this.#alone(async () => {
        durable.set(header.durable);
        await history.replace({
          kept: [],
          cut: clip(history.spans, history.first, lastOf(this.#state)),
          reason: 'replaced by a snapshot',
          matchpoint: 0,
          end: base,
          generation,
          durable: header.durable,
          records: { [garbageName(garbage)]: undefined },
        });
        appender.reset(writer);
        readers.cut();
      });
    } finally {
      release();
    }
    await this.#dropExcessArchives();
  }

  /** Writes a note beside whatever else is under way. */
  async setNote(name: string, value: Uint8Array): Promise<void> {
    const records = { [noteName(name)]: Buffer.from(value).toString('base64') };
    await this.#failing(this.#state.store.commit({ records }));
  }

  /** Runs after everything before it has ended, with nothing beside it. */
  #alone<T>(run: () => Promise<T>): Promise<T> {
    return this.#queue.alone(async () => {
      const { failure } = this.#state.appender;
      if (failure !== undefined) throw failure;
      return this.#failing(run());
    });
  }

  /** After the first `storage` error, nothing more is written. */
  async #failing<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof SyncupError && error.code === 'storage') {
        this.#state.appender.fail(error);
      }
      throw error;
    }
  }
}
