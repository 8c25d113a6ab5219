import { abortError, onAbort } from './authoring.ts';

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

/**
 * Those who wait for one thing, first come, first served: for those who implement a `ready` or
 * the loop over a connection.
 */
export class Waiters<T = void> {
  readonly #waiting: Waiter<T>[] = [];

  /** How many wait. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Waits. Rejects with `aborted` when the signal fires or has fired; `doing` says what. */
  wait(doing: string, signal?: AbortSignal): Promise<T> {
    if (signal?.aborted) return Promise.reject(abortError(doing, signal));
    return new Promise((resolve, reject) => {
      const waiter: Waiter<T> = { resolve, reject };
      this.#waiting.push(waiter);
      if (!signal) return;
      const forget = onAbort(signal, () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(abortError(doing, signal));
      });
      waiter.resolve = (value) => {
        forget();
        resolve(value);
      };
      waiter.reject = (error) => {
        forget();
        reject(error);
      };
    });
  }

  /** Gives the first of them, if there is one, what it waits for. */
  resolveFirst(value: T): void {
    this.#waiting.shift()?.resolve(value);
  }

  /** Tells the first of them, if there is one, that it waits in vain. */
  rejectFirst(error: Error): void {
    this.#waiting.shift()?.reject(error);
  }

  /** Gives all of them the same. */
  resolveAll(value: T): void {
    while (this.#waiting.length > 0) this.resolveFirst(value);
  }

  /** Tells all of them that they wait in vain. */
  rejectAll(error: Error): void {
    while (this.#waiting.length > 0) this.rejectFirst(error);
  }
}
