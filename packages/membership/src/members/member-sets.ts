import { type MemberRows, PLACE, type Slot, TURN } from './member-rows.ts';

/** A set of members in an array without gaps, so that drawing k random members takes O(k). */
export class DenseSet implements Iterable<Slot> {
  size = 0;
  readonly #rows: MemberRows;
  protected readonly random: () => number;
  /** The column of the rows that holds a member's place in the array. */
  readonly #column: number;
  #slots = new Int32Array(0);

  constructor(rows: MemberRows, random: () => number, column: number = PLACE) {
    this.#rows = rows;
    this.random = random;
    this.#column = column;
  }

  add(slot: Slot): void {
    if (this.size === this.#slots.length) {
      // No member is in it twice, so it never outgrows the rows.
      const slots = new Int32Array(Math.min(this.size * 2 + 8, this.#rows.capacity));
      slots.set(this.#slots);
      this.#slots = slots;
    }
    this.#put(this.size++, slot);
  }

  remove(slot: Slot): void {
    this.close(this.placeOf(slot));
  }

  /**
   * The member at place `i` of a new random order. Call it for i = 0, 1, 2 and so on below `size`:
   * each call is one step of a Fisher-Yates shuffle.
   */
  draw(i: number): Slot {
    // A random function may return 1, though it should not.
    const j = Math.min(this.size - 1, i + Math.floor(this.random() * (this.size - i)));
    const drawn = this.#slots[j]!;
    this.move(i, j);
    this.#put(i, drawn);
    return drawn;
  }

  /** Swaps the members at two places. */
  swap(i: number, j: number): void {
    const slot = this.#slots[i]!;
    this.move(j, i);
    this.#put(j, slot);
  }

  /** Up to `count` different random members that `accept` accepts. */
  choose(count: number, accept: (slot: Slot) => boolean = () => true): Slot[] {
    const chosen: Slot[] = [];
    for (let i = 0; i < this.size && chosen.length < count; i++) {
      const slot = this.draw(i);
      if (accept(slot)) chosen.push(slot);
    }
    return chosen;
  }

  *[Symbol.iterator](): Iterator<Slot> {
    for (let i = 0; i < this.size; i++) yield this.#slots[i]!;
  }

  protected at(place: number): Slot {
    return this.#slots[place]!;
  }

  protected placeOf(slot: Slot): number {
    return this.#rows.get(slot, this.#column);
  }

  /** Copies the member at `from` to `to`. */
  protected move(from: number, to: number): void {
    this.#put(to, this.#slots[from]!);
  }

  /** Fills a free place with the last member of the array, which becomes shorter. */
  protected close(place: number): void {
    if (place < --this.size) this.move(this.size, place);
  }

  #put(at: number, slot: Slot): void {
    this.#slots[at] = slot;
    this.#rows.set(slot, this.#column, at);
  }
}

/**
 * The order of probes: a round-robin in which every lap has a new random order, and a new member
 * gets a random place in the rest of the lap. Each turn shuffles one step ahead (Fisher-Yates), so
 * that it takes O(1). Source: the SWIM paper, section 4.3.
 */
export class ProbeOrder extends DenseSet {
  /** Members before this place had their turn in this lap; the others have not. */
  #cursor = 0;

  constructor(rows: MemberRows, random: () => number, column: number = TURN) {
    super(rows, random, column);
  }

  override remove(slot: Slot): void {
    const place = this.placeOf(slot);
    if (place < this.#cursor) this.move(--this.#cursor, place);
    this.close(Math.max(place, this.#cursor));
  }

  /** From a random place on, because drawing would change whose turn it is. */
  override choose(count: number, accept: (slot: Slot) => boolean = () => true): Slot[] {
    const chosen: Slot[] = [];
    let place = Math.floor(this.random() * this.size);
    for (let i = 0; i < this.size && chosen.length < count; i++) {
      if (++place >= this.size) place = 0;
      if (accept(this.at(place))) chosen.push(this.at(place));
    }
    return chosen;
  }

  /** The member to probe next; undefined if there is none. */
  next(): Slot | undefined {
    if (this.size === 0) return undefined;
    if (this.#cursor >= this.size) this.#cursor = 0;
    return this.draw(this.#cursor++);
  }
}
