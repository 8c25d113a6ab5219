/**
 * Lets a number of things a second pass, on average. A burst may have as many as one second allows:
 * a token bucket.
 */
export class RateLimit {
  readonly #rate: number;
  /** How many may pass now, as of `#asOf`, in ms. */
  #allowance: number;
  #asOf = 0;

  constructor(rate: number) {
    this.#rate = rate;
    this.#allowance = rate;
  }

  /** Whether one may pass at `now`, in ms. */
  take(now: number): boolean {
    const gained = (Math.max(now - this.#asOf, 0) * this.#rate) / 1000;
    this.#allowance = Math.min(this.#rate, this.#allowance + gained);
    this.#asOf = now;
    if (this.#allowance < 1) return false;
    this.#allowance--;
    return true;
  }
}
