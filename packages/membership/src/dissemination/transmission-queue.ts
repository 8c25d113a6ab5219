import type { ByteWriter } from '@shoal/wire';
import { NONE } from '../members/address-book.ts';
import { ItemLists, type Ticket } from './item-lists.ts';

export type { Ticket };

/** After this many items that do not fit, a fill leaves the rest of the room empty. */
const MAX_MISFITS = 64;

/** Options of a {@link TransmissionQueue}. */
export interface TransmissionQueueOptions {
  /** Whether each item is written after its size as a big-endian u16. */
  readonly prefixed: boolean;
  /** Called for each item that leaves because it has been sent often enough. */
  readonly onSpent: (owner: number, ticket: Ticket) => void;
}

/**
 * Items that are each sent a limited number of times. Those that were sent least come first, and
 * among these the oldest. Adding, removing and sending an item are O(1).
 */
export class TransmissionQueue {
  /** The number of a list is how often its items were sent. */
  readonly #items = new ItemLists();
  /** The size of what is written before each item, in bytes. */
  readonly #prefixSize: 0 | 2;
  readonly #onSpent: (owner: number, ticket: Ticket) => void;
  /** Left out by the next fill. */
  #skipped: Ticket = NONE;
  /** No queued item is smaller, in bytes. */
  #smallest = Number.POSITIVE_INFINITY;

  constructor({ prefixed, onSpent }: TransmissionQueueOptions) {
    this.#prefixSize = prefixed ? 2 : 0;
    this.#onSpent = onSpent;
  }

  /** How many items are queued. */
  get length(): number {
    return this.#items.length;
  }

  /** The sum of their sizes, in bytes. */
  get byteLength(): number {
    return this.#items.byteLength;
  }

  /** Queues a copy of the first `size` of `bytes` as an item that was never sent. */
  add(owner: number, bytes: Uint8Array, size: number = bytes.length): Ticket {
    if (size < this.#smallest) this.#smallest = size;
    return this.#items.add(owner, bytes, size);
  }

  /** Removes an item, which must be queued. */
  remove(ticket: Ticket): void {
    if (ticket === this.#skipped) this.#skipped = NONE;
    this.#items.remove(ticket);
    if (this.#items.length === 0) this.#smallest = Number.POSITIVE_INFINITY;
  }

  /** How many bytes the next item takes in a packet; 0 if the queue is empty. */
  get nextSize(): number {
    for (let sent = 0; sent < this.#items.lists; sent++) {
      const first = this.#items.first(sent);
      if (first !== NONE) return this.#items.size(first) + this.#prefixSize;
    }
    return 0;
  }

  /** The oldest of the items that were sent most often; NONE if the queue is empty. */
  get mostSent(): Ticket {
    for (let sent = this.#items.lists - 1; sent >= 0; sent--) {
      const first = this.#items.first(sent);
      if (first !== NONE) return first;
    }
    return NONE;
  }

  /** Makes the next fill leave out an item that is in its packet already. */
  skipNext(ticket: Ticket): void {
    this.#skipped = ticket;
  }

  /**
   * Writes items up to offset `end`, each once. An item that does not fit is passed over for a
   * smaller one. Items that have been sent `limit` times leave. Returns how many were written.
   */
  fill(writer: ByteWriter, end: number, limit: number): number {
    const items = this.#items;
    const skip = this.#skipped;
    this.#skipped = NONE;
    let written = 0;
    let misfits = 0;
    let last = items.last(0);
    for (let sent = 0; sent < items.lists; sent++) {
      // Items that this fill moves up come after the current last one, and are not sent again.
      const lastAbove = items.last(sent + 1);
      let ticket = last === NONE ? NONE : items.first(sent);
      while (ticket !== NONE) {
        const first = ticket;
        ticket = items.next(first, last);
        // The limit drops when the cluster shrinks.
        if (sent >= limit) this.#spend(first);
        else if (first !== skip) {
          const room = end - writer.offset;
          if (room < this.#smallest + this.#prefixSize) return written;
          if (items.size(first) + this.#prefixSize > room) {
            if (++misfits > MAX_MISFITS) return written;
            continue;
          }
          const run =
            this.#prefixSize > 0
              ? items.writePrefixed(writer, first)
              : items.writeRun(writer, first, { last, skip, room });
          ticket = items.next(run.last, last);
          written += run.count;
          if (sent + 1 >= limit) this.#spendRun(first, run.last);
          else {
            items.unlink(first, run.last);
            items.append(first, run.last, sent + 1);
          }
        }
      }
      last = lastAbove;
    }
    return written;
  }

  #spendRun(first: Ticket, last: Ticket): void {
    for (let ticket = first; ticket !== NONE; ) {
      const next = this.#items.next(ticket, last);
      this.#spend(ticket);
      ticket = next;
    }
  }

  #spend(ticket: Ticket): void {
    const owner = this.#items.owner(ticket);
    this.remove(ticket);
    this.#onSpent(owner, ticket);
  }
}
