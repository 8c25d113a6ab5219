import { type ReadOptions, SyncupError } from '@shoal/syncup';

/** What a reader needs of the log that it reads. */
export interface ReadSource {
  /** The bounds of what is held now. */
  first(): number;
  last(): number;
  checkOpen(): void;
}

/** Those who follow the tail of one log. */
export class TailReaders {
  readonly #source: ReadSource;
  readonly #readers = new Set<{ next: number; cut: boolean; wake: (() => void) | undefined }>();

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

  /** Reads from `from` on for ever: `take` returns a batch, which has `countOf` entries. */
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
    const reader = { next: Number(from), cut: false, wake: undefined as (() => void) | undefined };
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
