interface Operation {
  /** How many bytes an append puts under way; undefined for an operation that must run alone. */
  readonly bytes: number | undefined;
  readonly run: () => unknown;
}

/**
 * Starts operations in order: appends as long as there is room, others alone, when no append is
 * under way.
 */
export class OperationQueue {
  readonly #limit: number;
  readonly #waiting: Operation[] = [];
  #pending = 0;
  #alone = false;
  readonly #idle: (() => void)[] = [];

  /** `limit`: how many bytes may be under way, except that one append always may. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Calls `run` once there is room for its bytes. Call {@link OperationQueue.free} for them later. */
  append(bytes: number, run: () => void): void {
    this.#waiting.push({ bytes, run });
    this.#start();
  }

  /** Calls `run` once nothing else is under way. Settles as `run` does. */
  alone<T>(run: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes: undefined, run: () => run().then(resolve, reject) });
      this.#start();
    });
  }

  /** Frees the room of bytes that are no longer under way. */
  free(bytes: number): void {
    this.#pending -= bytes;
    this.#start();
  }

  /** Resolves once nothing waits and nothing is under way. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#start();
    });
  }

  #start(): void {
    while (!this.#alone) {
      const next = this.#waiting[0];
      if (next === undefined) break;
      if (next.bytes === undefined) {
        if (this.#pending > 0) return;
        this.#waiting.shift();
        void this.#runAlone(next);
      } else {
        if (this.#pending > 0 && this.#pending + next.bytes > this.#limit) return;
        this.#waiting.shift();
        this.#pending += next.bytes;
        next.run();
      }
    }
    if (!this.#alone && this.#waiting.length === 0 && this.#pending === 0) {
      for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  async #runAlone(operation: Operation): Promise<void> {
    this.#alone = true;
    await operation.run();
    this.#alone = false;
    this.#start();
  }
}
