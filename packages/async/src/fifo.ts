/** A first-in, first-out queue whose `shift` takes constant time, however long the queue is. */
export class Fifo<T> {
  #items: T[] = [];
  #head = 0;

  /** How many items it holds. */
  get length(): number {
    return this.#items.length - this.#head;
  }

  /** The oldest item; undefined if the queue is empty. */
  get first(): T | undefined {
    return this.#items[this.#head];
  }

  /** Appends an item. */
  push(item: T): void {
    this.#items.push(item);
  }

  /** Removes and returns the oldest item; undefined if the queue is empty. */
  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (this.#head < this.#items.length) this.#head++;
    // Amortized: each removed item pays for moving one that stays.
    if (this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Empties the queue and returns its items, oldest first. */
  takeAll(): T[] {
    const items = this.#items.slice(this.#head);
    this.clear();
    return items;
  }

  /** Drops all items. */
  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
