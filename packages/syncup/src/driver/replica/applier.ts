import type { LogStore, StoredEntry } from '../../log/log-store.ts';
import type { ApplyQueue, PendingEntries } from './apply-queue.ts';
import { entriesOf } from './incoming-entries.ts';

/** How many appends may be under way at once. */
const MAX_UNDER_WAY = 16;

/** Options of an {@link Applier}. */
export interface ApplierOptions {
  readonly log: LogStore;
  readonly durable: boolean | undefined;
  /** Called with appended entries, in order. */
  readonly onEntries: ((entries: readonly StoredEntry[]) => Promise<void>) | undefined;
  /** Called when everything up to `vlsn` is appended and the application has been called. */
  readonly onApplied: (vlsn: bigint) => void;
}

/**
 * Appends queued entries and passes them to the application, in order. While the log writes some
 * to the disk, the next are appended already if they are encoded: their fingerprints prove to the
 * log that they follow.
 */
export class Applier {
  readonly #options: ApplierOptions;
  readonly #queue: ApplyQueue;

  constructor(queue: ApplyQueue, options: ApplierOptions) {
    this.#queue = queue;
    this.#options = options;
  }

  /** Resolves when the queue has ended and all of it is applied. Rejects with the first error. */
  async run(): Promise<void> {
    const underWay: Promise<void>[] = [];
    let previous: Promise<void> = Promise.resolve();
    try {
      for (let next = await this.#queue.take(); next; next = await this.#queue.take()) {
        previous = this.#apply(next, previous);
        previous.catch(() => this.#queue.abandon());
        underWay.push(previous);
        const limit = next.batches.length > 0 && this.#options.log.encoded ? MAX_UNDER_WAY : 1;
        while (underWay.length >= limit) await underWay.shift();
      }
    } finally {
      // Nobody else may touch the log before all appends have ended.
      await Promise.allSettled(underWay);
    }
    await previous;
  }

  async #apply(pending: PendingEntries, previous: Promise<void>): Promise<void> {
    const appended = this.#append(pending);
    await Promise.allSettled([previous, appended]);
    // In this order, so that the first error is the one that is thrown.
    await previous;
    await appended;
    const { onEntries } = this.#options;
    const { entries, batches } = pending;
    if (onEntries && entries.length > 0) await onEntries(entries);
    // One batch at a time, so that not all entries become objects at once.
    if (onEntries) for (const batch of batches) await onEntries(entriesOf(batch));
    this.#queue.applied(pending);
    this.#options.onApplied(pending.last);
  }

  async #append({ entries, batches }: PendingEntries): Promise<void> {
    const { log, durable } = this.#options;
    if (batches.length === 0) await log.append(entries, { durable });
    else if (log.encoded !== undefined) await log.encoded.append(batches, { durable });
    else await log.append(batches.flatMap(entriesOf), { durable });
  }
}
