/** Ascending numbers: added at the end, dropped at either end. */
export class AscendingList {
  #items: number[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** The number at `index`; undefined if there is none. */
  at(index: number): number | undefined {
    return this.#items[this.#head + index];
  }

  get last(): number | undefined {
    return this.length > 0 ? this.#items.at(-1) : undefined;
  }

  push(value: number): void {
    this.#items.push(value);
  }

  /** How many numbers are at most `value`. O(log n). */
  countTo(value: number): number {
    let low = this.#head;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#items[middle]! <= value) low = middle + 1;
      else high = middle;
    }
    return low - this.#head;
  }

  /** Drops the numbers above `value`. */
  dropAbove(value: number): void {
    this.#items.length = this.#head + this.countTo(value);
  }

  /** Drops the numbers below `value`. */
  dropBelow(value: number): void {
    this.#head += this.countTo(value - 1);
    if (this.#head * 2 > this.#items.length) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
  }
}
