/** How many seconds' worth of newcomers may come at once. */
export const BURST = 16;

/** Limits how many newcomers are taken in per second: a token bucket. */
export class NewcomerRate {
  readonly #perSecond: number;
  #tokens: number;
  #at: number = Number.NEGATIVE_INFINITY;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#tokens = BURST * perSecond;
  }

  /** Whether one more may be taken in at `now`, in ms. */
  take(now: number): boolean {
    const most = BURST * this.#perSecond;
    const earned = ((now - this.#at) / 1000) * this.#perSecond;
    this.#tokens = Math.min(most, this.#tokens + Math.max(0, earned));
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
