import type { ByteWriter } from '@shoal/wire';
import { NONE } from './address-book.ts';

/** The number of a queued item; another's once the item has left the queue. */
export type Ticket = number;

/** A fill looks at this many items that do not fit before it lets the rest of the room be. */
const MAX_MISFITS = 64;

/** What is kept of each item: so many numbers, one after the other. */
const WIDTH = 7;
/** Where they are: whose it is, to be told when it leaves. */
const OWNER = 0;
/** How often it has been sent. */
const LEVEL = 1;
/** The last fill that sent it. */
const STAMP = 2;
/** Its neighbours in the list of its level. */
const PREVIOUS = 3;
const FOLLOWING = 4;
/** Where its bytes are. */
const START = 5;
const LENGTH = 6;

/** An empty queue lets go of more memory than this, in bytes. */
const KEPT = 4096;

/**
 * Items by how often they were sent, least first, and in the order of arrival where that is
 * equal. Adding, taking out and sending an item is O(1) each. The items and their bytes are in
 * two arrays, so that filling a packet follows no pointers.
 */
export class TransmissionQueue {
  #items = new Int32Array(0);
  /** Rows that were made so far, and a list of those that are free. */
  #made = 0;
  #free: Ticket = NONE;
  /** The items' bytes, with gaps where some have left. */
  #bytes = new Uint8Array(0);
  #end = 0;
  /** By level. */
  readonly #first: Ticket[] = [];
  readonly #last: Ticket[] = [];
  readonly #prefix: number;
  readonly #dropped: (owner: number, ticket: Ticket) => void;
  #length = 0;
  #byteLength = 0;
  #stamp = 0;
  /** No queued item is shorter. */
  #shortest = Number.POSITIVE_INFINITY;

  /**
   * `prefixed`: each item is written behind its length as a u16. `dropped` is told of each item
   * that leaves because it has been sent often enough.
   */
  constructor(options: { prefixed: boolean; dropped: (owner: number, ticket: Ticket) => void }) {
    this.#prefix = options.prefixed ? 2 : 0;
    this.#dropped = options.dropped;
  }

  /** How many items are queued. */
  get length(): number {
    return this.#length;
  }

  /** The sum of their sizes in bytes. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** Queues a copy of the first `length` of `bytes` as never sent. */
  add(owner: number, bytes: Uint8Array, length: number = bytes.length): Ticket {
    const start = this.#place(bytes, length);
    const ticket = this.#take();
    this.#set(ticket, OWNER, owner);
    this.#set(ticket, STAMP, 0);
    this.#set(ticket, START, start);
    this.#set(ticket, LENGTH, length);
    this.#length++;
    this.#byteLength += length;
    if (length < this.#shortest) this.#shortest = length;
    this.#append(ticket, 0);
    return ticket;
  }

  /** Takes an item out, which must be in. */
  remove(ticket: Ticket): void {
    this.#unlink(ticket);
    this.#set(ticket, FOLLOWING, this.#free);
    this.#free = ticket;
    this.#length--;
    this.#byteLength -= this.#get(ticket, LENGTH);
    if (this.#length === 0) this.#clear();
  }

  /** The room, in bytes, that the item that is due next takes; 0 when the queue is empty. */
  get nextSize(): number {
    const ticket = this.#first.find((first) => first !== NONE);
    return ticket === undefined ? 0 : this.#get(ticket, LENGTH) + this.#prefix;
  }

  /** Of those sent most often, the one that was queued first; NONE when the queue is empty. */
  get mostSent(): Ticket {
    return this.#first.findLast((first) => first !== NONE) ?? NONE;
  }

  /** Marks an item as already in the packet that the next fill completes. */
  skipNext(ticket: Ticket): void {
    this.#set(ticket, STAMP, this.#stamp + 1);
  }

  /**
   * Writes items up to offset `end`, each once, those first that were sent least; one that does
   * not fit is passed over for a smaller one. Items that have been sent `limit` times leave.
   * Returns how many were written.
   */
  fill(writer: ByteWriter, end: number, limit: number): number {
    // Below 2^31, which a row can hold.
    this.#stamp = (this.#stamp + 1) & 0x3fff_ffff;
    const stamp = this.#stamp;
    let written = 0;
    let misfits = 0;
    for (let level = 0; level < this.#first.length; level++) {
      let ticket = this.#first[level]!;
      while (ticket !== NONE) {
        const following = this.#get(ticket, FOLLOWING);
        if (level >= limit) {
          // The cluster has shrunk, and the limit with it.
          this.#drop(ticket);
        } else if (this.#get(ticket, STAMP) !== stamp) {
          const room = end - writer.offset;
          if (room < this.#shortest + this.#prefix) return written;
          if (this.#get(ticket, LENGTH) + this.#prefix <= room) {
            this.#write(writer, ticket);
            this.#set(ticket, STAMP, stamp);
            written++;
            if (level + 1 >= limit) this.#drop(ticket);
            else {
              this.#unlink(ticket);
              this.#append(ticket, level + 1);
            }
          } else if (++misfits > MAX_MISFITS) return written;
        }
        ticket = following;
      }
    }
    return written;
  }

  #get(ticket: Ticket, column: number): number {
    return this.#items[ticket * WIDTH + column]!;
  }

  #set(ticket: Ticket, column: number, value: number): void {
    this.#items[ticket * WIDTH + column] = value;
  }

  #write(writer: ByteWriter, ticket: Ticket): void {
    const length = this.#get(ticket, LENGTH);
    if (this.#prefix > 0) writer.u16be(length);
    const at = writer.reserve(length);
    copy(this.#bytes, this.#get(ticket, START), writer.bytes, at, length);
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
    if (this.#end + length > this.#bytes.length) this.#compact(length);
    const start = this.#end;
    copy(bytes, 0, this.#bytes, start, length);
    this.#end += length;
    return start;
  }

  /** Moves all bytes together, into as much memory as they need with `more` and half as much. */
  #compact(more: number): void {
    const old = this.#bytes;
    this.#bytes = new Uint8Array(Math.ceil((this.#byteLength + more) * 1.5));
    this.#end = 0;
    for (const first of this.#first) {
      for (let ticket = first; ticket !== NONE; ticket = this.#get(ticket, FOLLOWING)) {
        const length = this.#get(ticket, LENGTH);
        copy(old, this.#get(ticket, START), this.#bytes, this.#end, length);
        this.#set(ticket, START, this.#end);
        this.#end += length;
      }
    }
  }

  #clear(): void {
    this.#shortest = Number.POSITIVE_INFINITY;
    this.#made = 0;
    this.#free = NONE;
    this.#end = 0;
    if (this.#items.byteLength > KEPT) this.#items = new Int32Array(0);
    if (this.#bytes.length > KEPT) this.#bytes = new Uint8Array(0);
  }

  #append(ticket: Ticket, level: number): void {
    while (this.#first.length <= level) {
      this.#first.push(NONE);
      this.#last.push(NONE);
    }
    const last = this.#last[level]!;
    this.#set(ticket, LEVEL, level);
    this.#set(ticket, PREVIOUS, last);
    this.#set(ticket, FOLLOWING, NONE);
    if (last === NONE) this.#first[level] = ticket;
    else this.#set(last, FOLLOWING, ticket);
    this.#last[level] = ticket;
  }

  #unlink(ticket: Ticket): void {
    const level = this.#get(ticket, LEVEL);
    const previous = this.#get(ticket, PREVIOUS);
    const following = this.#get(ticket, FOLLOWING);
    if (previous === NONE) this.#first[level] = following;
    else this.#set(previous, FOLLOWING, following);
    if (following === NONE) this.#last[level] = previous;
    else this.#set(following, PREVIOUS, previous);
  }
}

const SHORT = 48;

function copy(from: Uint8Array, start: number, to: Uint8Array, at: number, length: number): void {
  // A loop is faster than the call for the few bytes of a usual item.
  if (length > SHORT) to.set(from.subarray(start, start + length), at);
  else for (let i = 0; i < length; i++) to[at + i] = from[start + i]!;
}
