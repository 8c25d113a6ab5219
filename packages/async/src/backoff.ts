/** Options of a {@link Backoff}. Times are in ms. */
export interface BackoffOptions {
  /** The first delay. */
  readonly minDelay: number;
  /** The longest delay, and how long a connection must last to count as stable. */
  readonly maxDelay: number;
  /** Returns a number from 0 (inclusive) to 1 (exclusive). Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/**
 * The delays between attempts to connect. They double with each attempt up to a limit, and start
 * again only after a connection that was stable: a server that accepts clients and then drops them
 * would otherwise be dialed without a pause. Half of each delay is random, so that clients that
 * were cut off together do not return together.
 */
export class Backoff {
  readonly #minDelay: number;
  readonly #maxDelay: number;
  readonly #random: () => number;
  #delay: number;

  constructor({ minDelay, maxDelay, random = Math.random }: BackoffOptions) {
    this.#minDelay = Math.min(minDelay, maxDelay);
    this.#maxDelay = maxDelay;
    this.#random = random;
    this.#delay = this.#minDelay;
  }

  /** The delay before the next attempt, in ms. `lasted` is how long the last connection held. */
  next({ lasted = 0 }: { readonly lasted?: number | undefined } = {}): number {
    if (lasted >= this.#maxDelay) this.#delay = this.#minDelay;
    const delay = this.#delay;
    this.#delay = Math.min(2 * delay, this.#maxDelay);
    return delay * (0.5 + this.#random() / 2);
  }
}
