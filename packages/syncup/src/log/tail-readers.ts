import { SyncupError } from '../errors.ts';
import type { ReadOptions } from './log-store.ts';

/** The log that {@link TailReaders} read. */
export interface ReadSource {
  /** The first VLSN held; the next one if none is. */
  first(): number;
  /** The last VLSN; 0 if there has never been one. */
  last(): number;
  /** Throws `closed`. */
  checkOpen(): void;
}

/** How one reader takes batches. */
export interface TailRead<Batch> {
  /** The first VLSN to read. */
  readonly from: bigint;
  readonly options: ReadOptions;
  /** Takes a batch of 1 to `maxEntries` entries from `vlsn` on. */
  take(vlsn: number, maxEntries: number, maxBytes: number): Batch;
  /** How many entries a batch has. */
  countOf(batch: Batch): number;
}

interface Reader {
  next: number;
  /** Whether entries that it has read were cut off. */
  cut: boolean;
  wake: (() => void) | undefined;
}

/** The readers that follow the tail of a log: `LogStore.read` for any log. */
export class TailReaders {
  readonly #source: ReadSource;
  readonly #readers = new Set<Reader>();

  constructor(source: ReadSource) {
    this.#source = source;
  }

  /** Call when entries were appended or trimmed, or the log was closed. */
  wake(): void {
    for (const reader of this.#readers) reader.wake?.();
  }

  /** Call when entries above `to` were cut off, or without `to`, when all were replaced. */
  cut(to = -1): void {
    for (const reader of this.#readers) if (reader.next > to + 1) reader.cut = true;
    this.wake();
  }

  /** Reads until the caller stops. Throws as `LogStore.read` does. */
  async *follow<Batch>(read: TailRead<Batch>): AsyncGenerator<Batch, void, undefined> {
    const { from, take, countOf } = read;
    const { signal, maxEntries = 1024, maxBytes = 256 * 1024 } = read.options;
    const source = this.#source;
    source.checkOpen();
    if (from < 1n || from > BigInt(source.last()) + 1n) {
      throw new SyncupError('argument', `from must be 1..${source.last() + 1}, not ${from}`);
    }
    if (!(maxEntries >= 1) || !(maxBytes >= 0)) {
      throw new SyncupError('argument', 'maxEntries must be at least 1 and maxBytes at least 0');
    }
    const reader: Reader = { next: Number(from), cut: false, wake: undefined };
    const onAbort = (): void => reader.wake?.();
    signal?.addEventListener('abort', onAbort);
    this.#readers.add(reader);
    try {
      for (;;) {
        signal?.throwIfAborted();
        source.checkOpen();
        if (reader.cut) {
          throw new SyncupError('rolled-back', `entries below VLSN ${reader.next} were cut off`);
        }
        if (reader.next < source.first()) {
          throw new SyncupError('trimmed', `VLSN ${reader.next} is no longer held`);
        }
        if (reader.next > source.last()) {
          await new Promise<void>((resolve) => {
            reader.wake = resolve;
          });
          reader.wake = undefined;
          continue;
        }
        const batch = take(reader.next, Math.floor(maxEntries), maxBytes);
        reader.next += countOf(batch);
        yield batch;
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#readers.delete(reader);
    }
  }
}
