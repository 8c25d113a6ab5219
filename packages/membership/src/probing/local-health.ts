const MAX_SCORE = 7;

/**
 * Lifeguard's local health: how likely it is that this member itself is slow. 0 is healthy.
 * Source: the Lifeguard paper (arXiv 1707.00788), section IV-A; memberlist's awareness.go, whose
 * maximum of 8 is exclusive, so that the score is 0..7.
 */
export class LocalHealth {
  /** 0..7; always 0 while Lifeguard is off. */
  score = 0;
  readonly #enabled: boolean;

  constructor(enabled: boolean) {
    this.#enabled = enabled;
  }

  /** The factor by which the probe period and timeout grow: 1..8. */
  get factor(): number {
    return this.score + 1;
  }

  /** Adds `delta` to the score; a negative one is a good sign. */
  change(delta: number): void {
    if (this.#enabled) this.score = Math.min(MAX_SCORE, Math.max(0, this.score + delta));
  }
}
