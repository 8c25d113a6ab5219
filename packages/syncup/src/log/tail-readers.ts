import { SyncupError } from '../errors.ts';
import type { ReadOptions } from './log-store.ts';

/** What {@link TailReaders} need of the log that they read. */
export interface ReadSource {
  /** The lowest VLSN that is held now, or the next one when none is. */
  first(): number;
  /** The last VLSN; 0 when there has never been one. */
  last(): number;
  /** Throws `closed`. */
  checkOpen(): void;
}

interface Reader {
  next: number;
  /** True when entries that it has read were cut off. */
  cut: boolean;
  wake: (() => void) | undefined;
}

/** Those who follow the tail of one log: the part of `LogStore.read` that all logs share. */
export class TailReaders {
  readonly #source: ReadSource;
  readonly #readers = new Set<Reader>();

  constructor(source: ReadSource) {
    this.#source = source;
  }

  /** Lets those who wait look again. */
  wake(): void {
    for (const reader of this.#readers) reader.wake?.();
  }

  /** Entries above `to` were cut off, or, without it, everything was replaced. */
  cut(to = -1): void {
    for (const reader of this.#readers) if (reader.next > to + 1) reader.cut = true;
    this.wake();
  }

  /**
   * Reads from `from` on for ever: `take` returns a batch of 1 to `maxEntries` entries, which has
   * `countOf` of them. Throws as `LogStore.read` does, and `argument` for limits out of range.
   */
  async *follow<Batch>(
    from: bigint,
    options: ReadOptions,
    take: (from: number, maxEntries: number, maxBytes: number) => Batch,
    countOf: (batch: Batch) => number,
  ): AsyncGenerator<Batch, void, undefined> {
    const source = this.#source;
    const { signal, maxEntries = 1024, maxBytes = 256 * 1024 } = options;
    source.checkOpen();
    if (from < 1n || from > BigInt(source.last()) + 1n) {
      throw new SyncupError('argument', `a VLSN of 1..${source.last() + 1}, not ${from}`);
    }
    if (!(maxEntries >= 1) || !(maxBytes >= 0)) {
      throw new SyncupError('argument', 'maxEntries is at least 1, maxBytes at least 0');
    }
    const reader: Reader = { next: Number(from), cut: false, wake: undefined };
    const wake = (): void => reader.wake?.();
    signal?.addEventListener('abort', wake);
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
      signal?.removeEventListener('abort', wake);
      this.#readers.delete(reader);
    }
  }
}
