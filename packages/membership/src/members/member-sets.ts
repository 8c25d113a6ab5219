import { type MemberRows, PLACE, type Slot, TURN } from './member-rows.ts';

/** Members without gaps, so that any number of them can be drawn at random in O(that number). */
export class DenseSet implements Iterable<Slot> {
  /** How many there are. */
  size = 0;
  readonly #rows: MemberRows;
  readonly #random: () => number;
  /** The column of the rows that says where in the list a member is. */
  readonly #column: number;
  #slots = new Int32Array(0);

  constructor(rows: MemberRows, random: () => number, column: number = PLACE) {
    this.#rows = rows;
    this.#random = random;
    this.#column = column;
  }

  add(slot: Slot): void {
    if (this.size === this.#slots.length) {
      // Nobody is in it twice.
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
   * The `i`-th of a fresh random order, for i = 0, 1, 2... below size, as far as it is wanted:
   * the steps of a Fisher-Yates shuffle.
   */
  draw(i: number): Slot {
    // The random number may be careless about its upper end.
    const j = Math.min(this.size - 1, i + Math.floor(this.#random() * (this.size - i)));
    const drawn = this.#slots[j]!;
    this.move(i, j);
    this.#put(i, drawn);
    return drawn;
  }

  /** Up to `count` different random members that `accept` takes. */
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

  protected placeOf(slot: Slot): number {
    return this.#rows.get(slot, this.#column);
  }

  /** Puts who is at `from` to `to`, too. */
  protected move(from: number, to: number): void {
    this.#put(to, this.#slots[from]!);
  }

  /** Fills a place that is free with the last one of the list, which becomes shorter. */
  protected close(place: number): void {
    if (place < --this.size) this.move(this.size, place);
  }

  #put(at: number, slot: Slot): void {
    this.#slots[at] = slot;
    this.#rows.set(slot, this.#column, at);
  }
}

/**
 * Who is probed next: a round-robin in which every lap has a new random order and a newcomer
 * gets a random place among those still to come. The lap is shuffled as it is walked, one step
 * of Fisher-Yates a turn, so that a turn is O(1) at its worst. Source: the SWIM paper, 4.3.
 */
export class ProbeOrder extends DenseSet {
  /** Before it: had their turn this lap. From it on: still to come. */
  #cursor = 0;

  constructor(rows: MemberRows, random: () => number) {
    super(rows, random, TURN);
  }

  override remove(slot: Slot): void {
    const place = this.placeOf(slot);
    if (place < this.#cursor) this.move(--this.#cursor, place);
    this.close(Math.max(place, this.#cursor));
  }

  next(): Slot | undefined {
    if (this.size === 0) return undefined;
    if (this.#cursor >= this.size) this.#cursor = 0;
    return this.draw(this.#cursor++);
  }
}
