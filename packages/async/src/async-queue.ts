import { Fifo } from './fifo.ts';
import { Waiters } from './waiters.ts';

/**
 * A queue that one side pushes to and the other side iterates over. It has no limit of its own:
 * the side that pushes keeps it bounded. Several loops over one queue share its items; leaving a
 * loop leaves the remaining items to the next one.
 */
export class AsyncQueue<T> implements AsyncIterable<T> {
  readonly #items = new Fifo<T>();
  readonly #waiting = new Waiters<IteratorResult<T, undefined>>();
  #ended = false;

  /** Adds an item. Returns false, and drops the item, once the queue has ended. */
  push(item: T): boolean {
    if (this.#ended) return false;
    if (this.#waiting.length > 0) this.#waiting.resolveFirst({ done: false, value: item });
    else this.#items.push(item);
    return true;
  }

  /** Ends every loop over the queue at once. Removes and returns the items that were not taken. */
  end(): T[] {
    this.#ended = true;
    this.#waiting.resolveAll({ done: true, value: undefined });
    return this.#items.takeAll();
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return {
      next: () => {
        if (this.#items.length > 0) {
          return Promise.resolve({ done: false, value: this.#items.shift()! });
        }
        if (this.#ended) return Promise.resolve({ done: true, value: undefined });
        return this.#waiting.wait();
      },
    };
  }
}
