import { ByteWriter } from '@shoal/wire';
import { NONE } from '../members/address-book.ts';

/** The number of an item. It is reused once the item is removed. */
export type Ticket = number;

/** How many numbers are kept for each item, one after the other. */
const WIDTH = 5;
/** Columns of a row. The owner, a number of the caller's. */
const OWNER = 0;
/** The neighbors in the item's list. */
const PREVIOUS = 1;
const NEXT = 2;
/** Where the item's bytes are. */
const START = 3;
const SIZE = 4;

/** More memory than this, in bytes, is released when the last item is removed. */
const KEPT = 4096;

/** How far {@link ItemLists.writeRun} may go. */
export interface RunLimits {
  /** The last item that may be written. */
  readonly last: Ticket;
  /** An item to stop before; NONE for no such item. */
  readonly skip: Ticket;
  /** How many bytes may be written. The first item must fit. */
  readonly room: number;
}

/** Items that were written. */
export interface Run {
  /** The last of them. */
  readonly last: Ticket;
  /** How many there are. */
  readonly count: number;
}

/**
 * Byte strings in numbered, doubly linked lists. Adding, moving and removing an item are O(1). Two
 * arrays hold everything, one the links and one the bytes, so there is no object for each item, and
 * items that were added one after the other are copied together.
 */
export class ItemLists {
  /** How many items there are. */
  length = 0;
  /** The sum of their sizes, in bytes. */
  byteLength = 0;
  #rows = new Int32Array(0);
  #rowsUsed = 0;
  /** The first of the unused rows, which are linked by NEXT. */
  #freeRow: Ticket = NONE;
  /** The items' bytes, with gaps where items were removed. */
  #bytes: ByteWriter = new ByteWriter({ capacity: 0 });
  /** By list: a row that closes the list to a ring, and is not an item. */
  readonly #heads: Ticket[] = [];

  /** How many lists there are. */
  get lists(): number {
    return this.#heads.length;
  }

  /** Adds a copy of the first `size` of `bytes` at the end of the first list. */
  add(owner: number, bytes: Uint8Array, size: number): Ticket {
    const start = this.#store(bytes, size);
    const ticket = this.#takeRow();
    this.#set(ticket, OWNER, owner);
    this.#set(ticket, START, start);
    this.#set(ticket, SIZE, size);
    this.length++;
    this.byteLength += size;
    this.append(ticket, ticket, 0);
    return ticket;
  }

  /** Removes an item, which must exist. */
  remove(ticket: Ticket): void {
    this.unlink(ticket, ticket);
    this.#set(ticket, NEXT, this.#freeRow);
    this.#freeRow = ticket;
    this.length--;
    this.byteLength -= this.size(ticket);
    if (this.length === 0) this.#clear();
  }

  owner(ticket: Ticket): number {
    return this.#get(ticket, OWNER);
  }

  /** The size of an item, in bytes. */
  size(ticket: Ticket): number {
    return this.#get(ticket, SIZE);
  }

  /** The first item of a list; NONE if it is empty or does not exist. */
  first(list: number): Ticket {
    return this.#end(list, NEXT);
  }

  /** The last item of a list; NONE if it is empty or does not exist. */
  last(list: number): Ticket {
    return this.#end(list, PREVIOUS);
  }

  /** The item after `ticket`, in a list of which `last` is an item; NONE after `last`. */
  next(ticket: Ticket, last: Ticket): Ticket {
    return ticket === last ? NONE : this.#get(ticket, NEXT);
  }

  /** Takes a run of linked items out of its list. Append it to another one. */
  unlink(first: Ticket, last: Ticket): void {
    this.#link(this.#get(first, PREVIOUS), this.#get(last, NEXT));
  }

  /** Adds a run of linked items at the end of a list. */
  append(first: Ticket, last: Ticket, list: number): void {
    while (this.#heads.length <= list) {
      const head = this.#takeRow();
      this.#link(head, head);
      this.#heads.push(head);
    }
    const head = this.#heads[list]!;
    this.#link(this.#get(head, PREVIOUS), first);
    this.#link(last, head);
  }

  /** Writes one item, after its size as a big-endian u16. */
  writePrefixed(writer: ByteWriter, ticket: Ticket): Run {
    const start = this.#get(ticket, START);
    const size = this.size(ticket);
    writer.u16be(size);
    writer.raw(this.#bytes.bytes, start, start + size);
    return { last: ticket, count: 1 };
  }

  /**
   * Writes `first` and as many of the items after it as the limits allow. Neighbors in memory are
   * copied together.
   */
  writeRun(writer: ByteWriter, first: Ticket, limits: RunLimits): Run {
    let from = this.#get(first, START);
    let to = from + this.size(first);
    let room = limits.room - (to - from);
    let last = first;
    let count = 1;
    while (last !== limits.last) {
      const next = this.#get(last, NEXT);
      const size = this.size(next);
      if (size > room || next === limits.skip) break;
      const start = this.#get(next, START);
      if (start !== to) {
        writer.raw(this.#bytes.bytes, from, to);
        from = start;
      }
      to = start + size;
      room -= size;
      last = next;
      count++;
    }
    writer.raw(this.#bytes.bytes, from, to);
    return { last, count };
  }

  #end(list: number, column: typeof NEXT | typeof PREVIOUS): Ticket {
    const head = this.#heads[list];
    if (head === undefined) return NONE;
    const item = this.#get(head, column);
    return item === head ? NONE : item;
  }

  #get(ticket: Ticket, column: number): number {
    return this.#rows[ticket * WIDTH + column]!;
  }

  #set(ticket: Ticket, column: number, value: number): void {
    this.#rows[ticket * WIDTH + column] = value;
  }

  #link(ticket: Ticket, next: Ticket): void {
    this.#set(ticket, NEXT, next);
    this.#set(next, PREVIOUS, ticket);
  }

  #takeRow(): Ticket {
    if (this.#freeRow !== NONE) {
      const ticket = this.#freeRow;
      this.#freeRow = this.#get(ticket, NEXT);
      return ticket;
    }
    if (this.#rowsUsed * WIDTH === this.#rows.length) {
      const rows = new Int32Array((this.#rowsUsed + (this.#rowsUsed >> 2) + 8) * WIDTH);
      rows.set(this.#rows);
      this.#rows = rows;
    }
    return this.#rowsUsed++;
  }

  /** Copies an item's bytes in, and returns where they are. */
  #store(bytes: Uint8Array, size: number): number {
    if (this.#bytes.offset + size > this.#bytes.bytes.length) this.#compact(size);
    const start = this.#bytes.offset;
    this.#bytes.raw(bytes, 0, size);
    return start;
  }

  /** Removes the gaps, in list order, and makes room for `more` bytes and half as much again. */
  #compact(more: number): void {
    const old = this.#bytes.bytes;
    this.#bytes = new ByteWriter({ capacity: Math.ceil((this.byteLength + more) * 1.5) });
    for (const head of this.#heads) {
      let ticket = this.#get(head, NEXT);
      for (; ticket !== head; ticket = this.#get(ticket, NEXT)) {
        const start = this.#get(ticket, START);
        this.#set(ticket, START, this.#bytes.offset);
        this.#bytes.raw(old, start, start + this.size(ticket));
      }
    }
  }

  #clear(): void {
    this.#heads.length = 0;
    this.#rowsUsed = 0;
    this.#freeRow = NONE;
    this.#bytes.reset();
    if (this.#rows.byteLength > KEPT) this.#rows = new Int32Array(0);
    if (this.#bytes.bytes.length > KEPT) this.#bytes = new ByteWriter({ capacity: 0 });
  }
}
