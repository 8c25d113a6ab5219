import { Waiters } from '@shoal/async';
import type { StoredEntry, VerifiedEntries } from '../../log/log-store.ts';

/** About what an entry takes besides its payload, in bytes: as an object, and within a batch. */
const OBJECT_OVERHEAD = 64;
const BATCH_OVERHEAD = 8;

/** Entries that were received and verified together. */
export interface ReceivedEntries extends VerifiedEntries {
  readonly firstVlsn: bigint;
}

/** What a queue hands out at once: entries or batches; the other is empty. */
export interface PendingEntries {
  readonly entries: readonly StoredEntry[];
  readonly batches: readonly ReceivedEntries[];
  /** The last VLSN. */
  readonly last: bigint;
  /** How much room they take until they are applied, in bytes. */
  readonly bytes: number;
}

/**
 * Received entries that are not applied yet. Once the queue is full, the receiver waits, so that a
 * slow application slows its feeder down.
 */
export class ApplyQueue {
  readonly #maxBytes: number;
  #entries: StoredEntry[] = [];
  #batches: ReceivedEntries[] = [];
  #last = 0n;
  /** What is queued, and what is queued or handed out but not applied. */
  #queuedBytes = 0;
  #pendingBytes = 0;
  readonly #receiver = new Waiters();
  readonly #applier = new Waiters();
  #ended = false;

  /** `maxBytes`: how many bytes may be pending, except that one batch always may. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether {@link ApplyQueue.room} would wait. */
  get full(): boolean {
    return this.#pendingBytes >= this.#maxBytes && !this.#ended;
  }

  /** Adds one entry. A queue takes either single entries or batches. */
  push(entry: StoredEntry): void {
    this.#entries.push(entry);
    this.#added(entry.vlsn, entry.payload.length + OBJECT_OVERHEAD);
  }

  /** Adds a batch. */
  pushBatch(batch: ReceivedEntries): void {
    this.#batches.push(batch);
    const last = batch.firstVlsn + BigInt(batch.count - 1);
    this.#added(last, batch.bytes.length + batch.count * BATCH_OVERHEAD);
  }

  /** Resolves when there is room. */
  async room(): Promise<void> {
    while (this.full) await this.#receiver.wait();
  }

  /** Waits for entries and hands out all of them; undefined at the end. */
  async take(): Promise<PendingEntries | undefined> {
    while (this.#entries.length === 0 && this.#batches.length === 0) {
      if (this.#ended) return undefined;
      await this.#applier.wait();
    }
    const pending = {
      entries: this.#entries,
      batches: this.#batches,
      last: this.#last,
      bytes: this.#queuedBytes,
    };
    this.#entries = [];
    this.#batches = [];
    this.#queuedBytes = 0;
    return pending;
  }

  /** Frees the room of entries that were handed out. */
  applied({ bytes }: PendingEntries): void {
    this.#pendingBytes -= bytes;
    this.#receiver.resolveAll();
  }

  /** Drops what is queued and ends. */
  abandon(): void {
    this.#entries = [];
    this.#batches = [];
    this.end();
  }

  /** Ends the queue; what is queued is still handed out. */
  end(): void {
    this.#ended = true;
    this.#applier.resolveAll();
    this.#receiver.resolveAll();
  }

  #added(last: bigint, bytes: number): void {
    this.#last = last;
    this.#queuedBytes += bytes;
    this.#pendingBytes += bytes;
    if (this.#applier.length > 0) this.#applier.resolveAll();
  }
}
