import type { LogStore, StoredEntry } from '../../log/log-store.ts';
import type { ApplyQueue, Waiting } from './apply-queue.ts';
import { entriesOf } from './incoming-entries.ts';

/** How many appends may be under way at once. */
const MAX_UNDER_WAY = 16;

/** What an {@link Applier} does with entries. */
export interface ApplierOptions {
  readonly log: LogStore;
  readonly durable?: boolean | undefined;
  /** Called with what was appended, in order. */
  readonly onEntries?: ((entries: readonly StoredEntry[]) => Promise<void>) | undefined;
  /** Called when everything up to `vlsn` is appended and was handed on. */
  readonly onApplied: (vlsn: bigint) => void;
}

/**
 * Appends what waits in a queue and hands it on to the application, in order. While a log puts
 * some of it on the disk the next is appended already, if the log can tell that one follows on
 * the other: encoded entries come with fingerprints.
 */
export class Applier {
  readonly #options: ApplierOptions;
  readonly #queue: ApplyQueue;

  constructor(queue: ApplyQueue, options: ApplierOptions) {
    this.#queue = queue;
    this.#options = options;
  }

  /** Resolves when the queue has ended and all of it is applied. Rejects with what failed first. */
  async run(): Promise<void> {
    const underWay: Promise<void>[] = [];
    let before: Promise<void> = Promise.resolve();
    try {
      for (let next = await this.#queue.take(); next; next = await this.#queue.take()) {
        before = this.#apply(next, before);
        before.catch(() => this.#queue.abandon());
        underWay.push(before);
        const limit = next.batches.length > 0 && this.#options.log.encoded ? MAX_UNDER_WAY : 1;
        while (underWay.length >= limit) await underWay.shift();
      }
    } finally {
      // Nobody may touch the log before all of them are over.
      await Promise.allSettled(underWay);
    }
    await before;
  }

  async #apply(waiting: Waiting, before: Promise<void>): Promise<void> {
    const appended = this.#append(waiting);
    // What failed first is told.
    await Promise.allSettled([before, appended]);
    await before;
    await appended;
    const { onEntries } = this.#options;
    const { entries, batches } = waiting;
    if (onEntries && entries.length > 0) await onEntries(entries);
    // Batch by batch, so that there are never objects for all that waited.
    if (onEntries) for (const batch of batches) await onEntries(entriesOf(batch));
    this.#queue.applied(waiting);
    this.#options.onApplied(waiting.last);
  }

  async #append({ entries, batches }: Waiting): Promise<void> {
    const { log, durable } = this.#options;
    const options = durable === undefined ? {} : { durable };
    if (batches.length === 0) await log.append(entries, options);
    else if (log.encoded !== undefined) await log.encoded.append(batches, options);
    else await log.append(batches.flatMap(entriesOf), options);
  }
}
