import { onAbort } from '@shoal/async';

interface Waiter {
  readonly vlsn: bigint;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Callers that wait for a log to get as far as some VLSN, each for its own. */
export class VlsnWaiters {
  /** Ascending by VLSN. Callers mostly come in the order of the log, so inserting is cheap. */
  readonly #waiting: Waiter[] = [];

  /** How many callers wait. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Resolves once `vlsn` has been reached. Rejects with the signal's reason. */
  wait(vlsn: bigint, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      let cancel = (): void => {};
      const waiter: Waiter = {
        vlsn,
        resolve: () => {
          cancel();
          resolve();
        },
        reject: (reason) => {
          cancel();
          reject(reason);
        },
      };
      this.#insert(waiter);
      cancel = onAbort(signal, () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal!.reason);
      });
    });
  }

  /** Resolves every wait for `vlsn` or less. */
  reached(vlsn: bigint): void {
    let ready = 0;
    while (ready < this.#waiting.length && this.#waiting[ready]!.vlsn <= vlsn) ready++;
    if (ready === 0) return;
    for (const waiter of this.#waiting.splice(0, ready)) waiter.resolve();
  }

  /** Rejects every wait. */
  rejectAll(reason: unknown): void {
    for (const waiter of this.#waiting.splice(0)) waiter.reject(reason);
  }

  #insert(waiter: Waiter): void {
    let at = this.#waiting.length;
    while (at > 0 && this.#waiting[at - 1]!.vlsn > waiter.vlsn) at--;
    this.#waiting.splice(at, 0, waiter);
  }
}
