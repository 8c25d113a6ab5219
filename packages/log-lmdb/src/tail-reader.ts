import { type ReadOptions, type StoredEntry, SyncupError } from '@shoal/syncup';

/** What a reader needs of the log that it reads. */
export interface ReadSource {
  /** The bounds of what is held now. */
  first(): number;
  last(): number;
  checkOpen(): void;
  batch(from: number, maxEntries: number, maxBytes: number): readonly StoredEntry[];
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

  async *read(
    from: bigint,
    options: ReadOptions,
  ): AsyncGenerator<readonly StoredEntry[], void, undefined> {
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
        const batch = source.batch(reader.next, Math.floor(maxEntries), maxBytes);
        reader.next += batch.length;
        yield batch;
      }
    } finally {
      signal?.removeEventListener('abort', wake);
      this.#readers.delete(reader);
    }
  }
}
