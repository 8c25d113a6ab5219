const FIRST_CAPACITY = 1024;

/**
 * Future events in order of time; events at the same time in the order in which they were added. A
 * 4-ary heap on typed arrays.
 */
export class EventQueue<Item> {
  #times = new Float64Array(FIRST_CAPACITY);
  /** The order in which items were added. */
  #ranks = new Float64Array(FIRST_CAPACITY);
  /** Indices into `#items`. */
  #slots = new Int32Array(FIRST_CAPACITY);
  readonly #items: (Item | undefined)[] = [];
  readonly #free: number[] = [];
  #size = 0;
  #added = 0;

  get size(): number {
    return this.#size;
  }

  /** When the next item is due, in ms; Infinity if there is none. */
  get nextTime(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.#times[0]!;
  }

  /** Adds an item that is due at `time`, in ms. */
  add(time: number, item: Item): void {
    if (this.#size === this.#times.length) this.#grow();
    const slot = this.#free.pop() ?? this.#items.length;
    this.#items[slot] = item;
    this.#up(this.#size++, time, this.#added++, slot);
  }

  /** Removes and returns the item that is due next; undefined if there is none. */
  take(): Item | undefined {
    if (this.#size === 0) return undefined;
    const slot = this.#slots[0]!;
    const item = this.#items[slot];
    this.#items[slot] = undefined;
    this.#free.push(slot);
    const last = --this.#size;
    if (last > 0) this.#down(this.#times[last]!, this.#ranks[last]!, this.#slots[last]!);
    return item;
  }

  #put(at: number, time: number, rank: number, slot: number): void {
    this.#times[at] = time;
    this.#ranks[at] = rank;
    this.#slots[at] = slot;
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#times[from]!, this.#ranks[from]!, this.#slots[from]!);
  }

  #up(hole: number, time: number, rank: number, slot: number): void {
    let at = hole;
    while (at > 0) {
      const above = (at - 1) >> 2;
      // An item that was added later never passes one with the same time.
      if (this.#times[above]! <= time) break;
      this.#move(above, at);
      at = above;
    }
    this.#put(at, time, rank, slot);
  }

  #down(time: number, rank: number, slot: number): void {
    let at = 0;
    for (;;) {
      const first = at * 4 + 1;
      if (first >= this.#size) break;
      const end = Math.min(first + 4, this.#size);
      let least = first;
      for (let i = first + 1; i < end; i++) {
        if (this.#before(this.#times[i]!, this.#ranks[i]!, least)) least = i;
      }
      if (this.#before(time, rank, least)) break;
      this.#move(least, at);
      at = least;
    }
    this.#put(at, time, rank, slot);
  }

  #before(time: number, rank: number, other: number): boolean {
    const otherTime = this.#times[other]!;
    return time < otherTime || (time === otherTime && rank < this.#ranks[other]!);
  }

  #grow(): void {
    const capacity = this.#size * 2;
    const times = new Float64Array(capacity);
    const ranks = new Float64Array(capacity);
    const slots = new Int32Array(capacity);
    times.set(this.#times);
    ranks.set(this.#ranks);
    slots.set(this.#slots);
    this.#times = times;
    this.#ranks = ranks;
    this.#slots = slots;
  }
}
