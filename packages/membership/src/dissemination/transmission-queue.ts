import { ByteWriter } from '@shoal/wire';
import { NONE } from '../members/address-book.ts';

/** The number of a queued item; another's once the item has left the queue. */
export type Ticket = number;

/** A fill looks at this many items that do not fit before it lets the rest of the room be. */
const MAX_MISFITS = 64;

/** What is kept of each item: so many numbers, one after the other. */
const WIDTH = 5;
/** Where they are: whose it is, to be told when it leaves. */
const OWNER = 0;
/** Its neighbors in the list of its level. */
const PREVIOUS = 1;
const FOLLOWING = 2;
/** Where its bytes are. */
const START = 3;
const LENGTH = 4;

/** An empty queue lets go of more memory than this, in bytes. */
const KEPT = 4096;

/**
 * Items by how often they were sent, least first, and in the order of arrival where that is
 * equal. Adding, taking out and sending an item is O(1) each. The items and their bytes are in
 * two arrays: what is queued one after the other, as most is, goes into a packet as one.
 */
export class TransmissionQueue {
  /** How many items are queued. */
  length = 0;
  /** The sum of their sizes in bytes. */
  byteLength = 0;
  #items = new Int32Array(0);
  /** Rows that were made so far, and a list of those that are free. */
  #made = 0;
  #free: Ticket = NONE;
  /** The items' bytes, with gaps where some have left. */
  #bytes: ByteWriter = new ByteWriter({ capacity: 0 });
  /** By how often its items were sent: the head of a ring, which is a row that is no item. */
  readonly #levels: Ticket[] = [];
  readonly #prefix: number;
  readonly #dropped: (owner: number, ticket: Ticket) => void;
  /** How many items were written together. */
  #run = 0;
  /** Left out by the next fill. */
  #skipped: Ticket = NONE;
  /** No queued item is shorter. */
  #shortest = Number.POSITIVE_INFINITY;

  /**
   * `prefix`: 2 if each item is written behind its length as a u16, else 0. `dropped` is told of
   * each item that leaves because it has been sent often enough.
   */
  constructor(prefix: 0 | 2, dropped: (owner: number, ticket: Ticket) => void) {
    this.#prefix = prefix;
    this.#dropped = dropped;
  }

  /** Queues a copy of the first `length` of `bytes` as never sent. */
  add(owner: number, bytes: Uint8Array, length: number = bytes.length): Ticket {
    const start = this.#place(bytes, length);
    const ticket = this.#take();
    this.#set(ticket, OWNER, owner);
    this.#set(ticket, START, start);
    this.#set(ticket, LENGTH, length);
    this.length++;
    this.byteLength += length;
    if (length < this.#shortest) this.#shortest = length;
    this.#append(ticket, ticket, 0);
    return ticket;
  }

  /** Takes an item out, which must be in. */
  remove(ticket: Ticket): void {
    if (ticket === this.#skipped) this.#skipped = NONE;
    this.#unlink(ticket, ticket);
    this.#set(ticket, FOLLOWING, this.#free);
    this.#free = ticket;
    this.length--;
    this.byteLength -= this.#get(ticket, LENGTH);
    if (this.length === 0) this.#clear();
  }

  /** The room, in bytes, that the item that is due next takes; 0 when the queue is empty. */
  get nextSize(): number {
    const head = this.#levels.find((one) => this.#get(one, FOLLOWING) !== one);
    return head === undefined ? 0 : this.#get(this.#get(head, FOLLOWING), LENGTH) + this.#prefix;
  }

  /** Of those sent most often, the one that was queued first; NONE when the queue is empty. */
  get mostSent(): Ticket {
    const head = this.#levels.findLast((one) => this.#get(one, FOLLOWING) !== one);
    return head === undefined ? NONE : this.#get(head, FOLLOWING);
  }

  /** Marks an item as already in the packet that the next fill completes. */
  skipNext(ticket: Ticket): void {
    this.#skipped = ticket;
  }

  /**
   * Writes items up to offset `end`, each once, those first that were sent least; one that does
   * not fit is passed over for a smaller one. Items that have been sent `limit` times leave.
   * Returns how many were written.
   */
  fill(writer: ByteWriter, end: number, limit: number): number {
    const skipped = this.#skipped;
    this.#skipped = NONE;
    let written = 0;
    let misfits = 0;
    let last = this.#lastOf(0);
    for (let level = 0; level < this.#levels.length; level++) {
      // What this fill moves up comes behind it, and is not sent again.
      const lastAbove = this.#lastOf(level + 1);
      let ticket = last === NONE ? NONE : this.#get(this.#levels[level]!, FOLLOWING);
      while (ticket !== NONE) {
        const first = ticket;
        ticket = this.#following(first, last);
        // The cluster may have shrunk, and the limit with it.
        if (level >= limit) this.#drop(first);
        else if (first !== skipped) {
          const room = end - writer.offset;
          if (room < this.#shortest + this.#prefix) return written;
          if (this.#get(first, LENGTH) + this.#prefix > room) {
            if (++misfits > MAX_MISFITS) return written;
          } else {
            const runLast = this.#write(writer, first, last, skipped, end);
            ticket = this.#following(runLast, last);
            written += this.#run;
            if (level + 1 >= limit) this.#dropRun(first, runLast);
            else {
              this.#unlink(first, runLast);
              this.#append(first, runLast, level + 1);
            }
          }
        }
      }
      last = lastAbove;
    }
    return written;
  }

  /** The last item of a level; NONE if it has none. */
  #lastOf(level: number): Ticket {
    const head = this.#levels[level];
    if (head === undefined) return NONE;
    const last = this.#get(head, PREVIOUS);
    return last === head ? NONE : last;
  }

  #following(ticket: Ticket, last: Ticket): Ticket {
    return ticket === last ? NONE : this.#get(ticket, FOLLOWING);
  }

  #get(ticket: Ticket, column: number): number {
    return this.#items[ticket * WIDTH + column]!;
  }

  #set(ticket: Ticket, column: number, value: number): void {
    this.#items[ticket * WIDTH + column] = value;
  }

  /**
   * Writes an item that fits, and those that follow it up to `last` as long as they fit, too.
   * Returns the last one written, and leaves how many that were in `#run`.
   */
  #write(writer: ByteWriter, first: Ticket, last: Ticket, skipped: Ticket, end: number): Ticket {
    let from = this.#get(first, START);
    let to = from + this.#get(first, LENGTH);
    let ticket = first;
    this.#run = 1;
    if (this.#prefix > 0) writer.u16be(to - from);
    else {
      let room = end - writer.offset - (to - from);
      while (ticket !== last) {
        const next = this.#get(ticket, FOLLOWING);
        const length = this.#get(next, LENGTH);
        if (length > room || next === skipped) break;
        const start = this.#get(next, START);
        if (start !== to) {
          writer.raw(this.#bytes.bytes, from, to);
          from = start;
        }
        to = start + length;
        room -= length;
        ticket = next;
        this.#run++;
      }
    }
    writer.raw(this.#bytes.bytes, from, to);
    return ticket;
  }

  #dropRun(first: Ticket, last: Ticket): void {
    for (let ticket = first; ticket !== NONE; ) {
      const following = this.#following(ticket, last);
      this.#drop(ticket);
      ticket = following;
    }
  }

  #drop(ticket: Ticket): void {
    const owner = this.#get(ticket, OWNER);
    this.remove(ticket);
    this.#dropped(owner, ticket);
  }

  /** A row for another item. */
  #take(): Ticket {
    if (this.#free !== NONE) {
      const ticket = this.#free;
      this.#free = this.#get(ticket, FOLLOWING);
      return ticket;
    }
    if (this.#made * WIDTH === this.#items.length) {
      const items = new Int32Array((this.#made + (this.#made >> 2) + 8) * WIDTH);
      items.set(this.#items);
      this.#items = items;
    }
    return this.#made++;
  }

  /** Copies an item's bytes in, and returns where they are. */
  #place(bytes: Uint8Array, length: number): number {
    if (this.#bytes.offset + length > this.#bytes.bytes.length) this.#compact(length);
    const start = this.#bytes.offset;
    this.#bytes.raw(bytes, 0, length);
    return start;
  }

  /** Moves all bytes together, into as much memory as they need with `more` and half as much. */
  #compact(more: number): void {
    const old = this.#bytes.bytes;
    this.#bytes = new ByteWriter({ capacity: Math.ceil((this.byteLength + more) * 1.5) });
    for (const head of this.#levels) {
      let ticket = this.#get(head, FOLLOWING);
      for (; ticket !== head; ticket = this.#get(ticket, FOLLOWING)) {
        const start = this.#get(ticket, START);
        this.#set(ticket, START, this.#bytes.offset);
        this.#bytes.raw(old, start, start + this.#get(ticket, LENGTH));
      }
    }
  }

  #clear(): void {
    this.#shortest = Number.POSITIVE_INFINITY;
    this.#levels.length = 0;
    this.#skipped = NONE;
    this.#made = 0;
    this.#free = NONE;
    this.#bytes.reset();
    if (this.#items.byteLength > KEPT) this.#items = new Int32Array(0);
    if (this.#bytes.bytes.length > KEPT) this.#bytes = new ByteWriter({ capacity: 0 });
  }

  /** Puts items that are linked to one another behind the last of a level. */
  #append(first: Ticket, last: Ticket, level: number): void {
    while (this.#levels.length <= level) {
      const head = this.#take();
      this.#set(head, PREVIOUS, head);
      this.#set(head, FOLLOWING, head);
      this.#levels.push(head);
    }
    const head = this.#levels[level]!;
    this.#link(this.#get(head, PREVIOUS), first);
    this.#link(last, head);
  }

  #unlink(first: Ticket, last: Ticket): void {
    this.#link(this.#get(first, PREVIOUS), this.#get(last, FOLLOWING));
  }

  #link(ticket: Ticket, following: Ticket): void {
    this.#set(ticket, FOLLOWING, following);
    this.#set(following, PREVIOUS, ticket);
  }
}
