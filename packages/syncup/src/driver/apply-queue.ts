import type { StoredEntry } from '../log.ts';

/**
 * What has been received and waits to be applied. Bounded: when it is full, whoever reads from
 * the connection waits, so that a slow application slows its feeder down.
 */
export class ApplyQueue {
  readonly #maxBytes: number;
  #entries: StoredEntry[] = [];
  #bytes = 0;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;
  #ended = false;

  /** `maxBytes`: how many bytes of payload may wait, but always one batch. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** True when {@link ApplyQueue.room} would have to wait. */
  get full(): boolean {
    return this.#bytes >= this.#maxBytes && !this.#ended;
  }

  push(entry: StoredEntry): void {
    this.#entries.push(entry);
    // What an entry costs besides its payload.
    this.#bytes += entry.payload.length + 64;
    if (this.#wakeReader) {
      this.#wakeReader();
      this.#wakeReader = undefined;
    }
  }

  /** Resolves when there is room. */
  async room(): Promise<void> {
    while (this.full) {
      await new Promise<void>((resolve) => {
        this.#wakeWriter = resolve;
      });
    }
  }

  /** All that waits, once there is something; undefined at the end. */
  async take(): Promise<StoredEntry[] | undefined> {
    while (this.#entries.length === 0) {
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
    const entries = this.#entries;
    this.#entries = [];
    this.#bytes = 0;
    this.#wakeWriter?.();
    this.#wakeWriter = undefined;
    return entries;
  }

  /** Nothing more will come; what waits is still handed out. */
  end(): void {
    this.#ended = true;
    this.#wakeReader?.();
    this.#wakeWriter?.();
  }
}
