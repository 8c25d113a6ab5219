import { type MemberRows, PLACE, type Slot, TURN } from './member-rows.ts';

/** A random integer of 0..bound-1; `random` may be careless about its upper end. */
function randomBelow(bound: number, random: () => number): number {
  return Math.min(bound - 1, Math.floor(random() * bound));
}

/** Slots without gaps. */
class SlotList {
  readonly #rows: MemberRows;
  #slots = new Int32Array(0);
  length = 0;

  constructor(rows: MemberRows) {
    this.#rows = rows;
  }

  at(index: number): Slot {
    return this.#slots[index]!;
  }

  put(index: number, slot: Slot): void {
    this.#slots[index] = slot;
  }

  /** Makes the list longer by one, whose slot is yet to be put there. Returns its index. */
  extend(): number {
    if (this.length === this.#slots.length) {
      // Nobody is in it twice.
      const slots = new Int32Array(Math.min(this.length * 2 + 8, this.#rows.capacity));
      slots.set(this.#slots);
      this.#slots = slots;
    }
    return this.length++;
  }

  pop(): Slot {
    return this.#slots[--this.length]!;
  }
}

/** Members without gaps, so that any number of them can be drawn at random in O(that number). */
export class DenseSet implements Iterable<Slot> {
  readonly #rows: MemberRows;
  readonly #list: SlotList;

  constructor(rows: MemberRows) {
    this.#rows = rows;
    this.#list = new SlotList(rows);
  }

  get size(): number {
    return this.#list.length;
  }

  add(slot: Slot): void {
    this.#put(this.#list.extend(), slot);
  }

  remove(slot: Slot): void {
    const last = this.#list.pop();
    if (last !== slot) this.#put(this.#rows.get(slot, PLACE), last);
  }

  /**
   * The `i`-th of a fresh random order, for i = 0, 1, 2... below size, as far as it is wanted:
   * the steps of a Fisher-Yates shuffle.
   */
  draw(i: number, random: () => number): Slot {
    const j = i + randomBelow(this.size - i, random);
    const drawn = this.#list.at(j);
    this.#put(j, this.#list.at(i));
    this.#put(i, drawn);
    return drawn;
  }

  /** Up to `count` different random members that `accept` takes. */
  choose(count: number, random: () => number, accept?: (slot: Slot) => boolean): Slot[] {
    const chosen: Slot[] = [];
    for (let i = 0; i < this.size && chosen.length < count; i++) {
      const slot = this.draw(i, random);
      if (accept === undefined || accept(slot)) chosen.push(slot);
    }
    return chosen;
  }

  *[Symbol.iterator](): Iterator<Slot> {
    for (let i = 0; i < this.size; i++) yield this.#list.at(i);
  }

  #put(at: number, slot: Slot): void {
    this.#list.put(at, slot);
    this.#rows.set(slot, PLACE, at);
  }
}

/**
 * Who is probed next: a round-robin in which every lap has a new random order and a newcomer
 * gets a random place among those still to come. The lap is shuffled as it is walked, one step
 * of Fisher-Yates a turn, so that a turn is O(1) at its worst. Source: the SWIM paper, 4.3.
 */
export class ProbeOrder {
  readonly #rows: MemberRows;
  /** Before the cursor: had their turn this lap. From it on: still to come. */
  readonly #list: SlotList;
  #cursor = 0;

  constructor(rows: MemberRows) {
    this.#rows = rows;
    this.#list = new SlotList(rows);
  }

  add(slot: Slot): void {
    this.#put(this.#list.extend(), slot);
  }

  remove(slot: Slot): void {
    let hole = this.#rows.get(slot, TURN);
    if (hole < this.#cursor) {
      this.#cursor--;
      if (hole !== this.#cursor) this.#put(hole, this.#list.at(this.#cursor));
      hole = this.#cursor;
    }
    const last = this.#list.pop();
    if (hole !== this.#list.length) this.#put(hole, last);
  }

  next(random: () => number): Slot | undefined {
    const { length } = this.#list;
    if (length === 0) return undefined;
    if (this.#cursor === length) this.#cursor = 0;
    const at = this.#cursor + randomBelow(length - this.#cursor, random);
    const chosen = this.#list.at(at);
    this.#put(at, this.#list.at(this.#cursor));
    this.#put(this.#cursor, chosen);
    this.#cursor++;
    return chosen;
  }

  #put(at: number, slot: Slot): void {
    this.#list.put(at, slot);
    this.#rows.set(slot, TURN, at);
  }
}
