import { onAbort } from './abort.ts';

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

/** Options of {@link Waiters.wait}. */
export interface WaitOptions {
  /** Ends the wait when it fires. */
  readonly signal?: AbortSignal | undefined;
  /** Makes the error of an aborted wait from the signal's reason. Default: the reason itself. */
  readonly aborted?: ((reason: unknown) => unknown) | undefined;
}

/** Callers that wait for the same thing, served in the order in which they came. */
export class Waiters<T = void> {
  readonly #waiting: Waiter<T>[] = [];

  /** How many callers wait. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Waits for a value or an error. Rejects if the signal fires or has already fired. */
  wait(options?: WaitOptions): Promise<T> {
    const signal = options?.signal;
    if (signal !== undefined) return this.#waitUnlessAborted(signal, options?.aborted);
    return new Promise((resolve, reject) => void this.#waiting.push({ resolve, reject }));
  }

  #waitUnlessAborted(
    signal: AbortSignal,
    aborted: (reason: unknown) => unknown = (reason) => reason,
  ): Promise<T> {
    if (signal.aborted) return Promise.reject(aborted(signal.reason));
    return new Promise((resolve, reject) => {
      const waiter: Waiter<T> = {
        resolve(value) {
          cancel();
          resolve(value);
        },
        reject(error) {
          cancel();
          reject(error);
        },
      };
      this.#waiting.push(waiter);
      const cancel = onAbort(signal, () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(aborted(signal.reason));
      });
    });
  }

  /** Resolves the oldest wait, if there is one. */
  resolveFirst(value: T): void {
    this.#waiting.shift()?.resolve(value);
  }

  /** Rejects the oldest wait, if there is one. */
  rejectFirst(error: Error): void {
    this.#waiting.shift()?.reject(error);
  }

  /** Resolves all waits with the same value. */
  resolveAll(value: T): void {
    for (const waiter of this.#waiting.splice(0)) waiter.resolve(value);
  }

  /** Rejects all waits with the same error. */
  rejectAll(error: Error): void {
    for (const waiter of this.#waiting.splice(0)) waiter.reject(error);
  }
}
