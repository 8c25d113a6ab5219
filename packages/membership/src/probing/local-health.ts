const MAX_SCORE = 7;

/**
 * Lifeguard's local health: how sure we are that it is not we ourselves who are slow. 0 is
 * healthy. Source: the Lifeguard paper (arXiv 1707.00788), section IV-A; memberlist's
 * awareness.go, whose maximum of 8 is exclusive, so that the score is 0..7.
 */
export class LocalHealth {
  /** 0..7; always 0 when Lifeguard is off. */
  score = 0;
  readonly #enabled: boolean;

  constructor(enabled: boolean) {
    this.#enabled = enabled;
  }

  /** By how much probe period and time-out are stretched: 1..8. */
  get factor(): number {
    return this.score + 1;
  }

  /** Adds `delta`, which is below 0 for a good sign. */
  change(delta: number): void {
    if (this.#enabled) this.score = Math.min(MAX_SCORE, Math.max(0, this.score + delta));
  }
}
