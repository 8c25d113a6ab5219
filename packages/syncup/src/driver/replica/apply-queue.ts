import type { StoredEntry, VerifiedEntries } from '../../log/log-store.ts';

/** About what an entry costs besides its payload, in bytes: as an object, and as bytes. */
const OBJECT_COST = 64;
const HASH_COST = 8;

/** Entries that were received and verified all at once. */
export interface ReceivedEntries extends VerifiedEntries {
  readonly firstVlsn: bigint;
}

/** What waited: one by one, or in batches. The other is empty. */
export interface Waiting {
  readonly entries: readonly StoredEntry[];
  readonly batches: readonly ReceivedEntries[];
  /** The VLSN of the last one. */
  readonly last: bigint;
  /** How much of the queue they take, until they are applied. */
  readonly bytes: number;
}

/**
 * What has been received and waits to be applied. Bounded: when it is full, whoever reads from
 * the connection waits, so that a slow application slows its feeder down.
 */
export class ApplyQueue {
  readonly #maxBytes: number;
  #entries: StoredEntry[] = [];
  #batches: ReceivedEntries[] = [];
  #last = 0n;
  /** Of all that is not applied, and of what was not taken. */
  #bytes = 0;
  #waiting = 0;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;
  #ended = false;

  /** `maxBytes`: how many bytes may wait or be under way, but always one batch. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** True when {@link ApplyQueue.room} would have to wait. */
  get full(): boolean {
    return this.#bytes >= this.#maxBytes && !this.#ended;
  }

  push(entry: StoredEntry): void {
    this.#entries.push(entry);
    this.#added(entry.vlsn, entry.payload.length + OBJECT_COST);
  }

  /** A queue is given either entries or batches. */
  pushBatch(batch: ReceivedEntries): void {
    this.#batches.push(batch);
    const last = batch.firstVlsn + BigInt(batch.count - 1);
    this.#added(last, batch.bytes.length + batch.count * HASH_COST);
  }

  #added(last: bigint, bytes: number): void {
    this.#last = last;
    this.#bytes += bytes;
    this.#waiting += bytes;
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
  async take(): Promise<Waiting | undefined> {
    while (this.#entries.length === 0 && this.#batches.length === 0) {
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
    const waiting = {
      entries: this.#entries,
      batches: this.#batches,
      last: this.#last,
      bytes: this.#waiting,
    };
    this.#entries = [];
    this.#batches = [];
    this.#waiting = 0;
    return waiting;
  }

  /** Makes room: what was taken is applied. */
  applied({ bytes }: Waiting): void {
    this.#bytes -= bytes;
    this.#wakeWriter?.();
    this.#wakeWriter = undefined;
  }

  /** Drops what waits: it will not be applied, and nothing more will come. */
  abandon(): void {
    this.#entries = [];
    this.#batches = [];
    this.end();
  }

  /** Nothing more will come; what waits is still handed out. */
  end(): void {
    this.#ended = true;
    this.#wakeReader?.();
    this.#wakeWriter?.();
  }
}
