import { SyncupError } from './errors.ts';
import type { ReadOptions } from './log.ts';
import type { MemoryContent } from './memory-content.ts';

interface Reader {
  next: number;
  /** True when entries that it has read were cut off. */
  cut: boolean;
  wake: (() => void) | undefined;
}

/** What readers read from, as it is now. */
export interface ReaderSource {
  content(): MemoryContent;
  /** Throws `closed`. */
  checkOpen(): void;
}

/** Those who follow the tail of a log in memory. */
export class MemoryReaders {
  readonly #source: ReaderSource;
  readonly #readers = new Set<Reader>();

  constructor(source: ReaderSource) {
    this.#source = source;
  }

  /** Reads from `from` on for ever: `take` returns a batch, which has `countOf` entries. */
  async *follow<Batch>(
    from: bigint,
    options: ReadOptions,
    take: (content: MemoryContent, from: number, maxEntries: number, maxBytes: number) => Batch,
    countOf: (batch: Batch) => number,
  ): AsyncGenerator<Batch, void, undefined> {
    const source = this.#source;
    const { signal, maxEntries = 1024, maxBytes = 256 * 1024 } = options;
    const end = source.content().last + 1;
    if (from < 1n || from > end) {
      throw new SyncupError('argument', `a VLSN of 1..${end}, not ${from}`);
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
        const content = source.content();
        if (reader.next < content.first) {
          throw new SyncupError('trimmed', `VLSN ${reader.next} is no longer held`);
        }
        if (reader.next > content.last) {
          await new Promise<void>((resolve) => {
            reader.wake = resolve;
          });
          reader.wake = undefined;
          continue;
        }
        const batch = take(content, reader.next, maxEntries, maxBytes);
        reader.next += countOf(batch);
        yield batch;
      }
    } finally {
      signal?.removeEventListener('abort', wake);
      this.#readers.delete(reader);
    }
  }

  wake(): void {
    for (const reader of this.#readers) reader.wake?.();
  }

  /** What lies above `to` was cut off, or, without it, everything is another log's now. */
  cut(to = -1): void {
    for (const reader of this.#readers) if (reader.next > to + 1) reader.cut = true;
    this.wake();
  }
}
