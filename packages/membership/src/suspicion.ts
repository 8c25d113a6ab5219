/**
 * One suspicion of one member: how long it has to refute, which gets less with each further
 * member that suspects it. Source: the Lifeguard paper, section IV-B; memberlist's suspicion.go.
 */
export class Suspicion {
  /** The suspected incarnation: the deadline means nothing for any other. */
  readonly incarnation: number;
  readonly #start: number;
  readonly #least: number;
  readonly #most: number;
  readonly #wanted: number;
  readonly #suspectors: string[] = [];

  /**
   * Times in ms. It lasts `least * factor` at first; `least` once `wanted` further members have
   * confirmed it, and from the beginning when `wanted` is 0.
   */
  constructor(options: {
    incarnation: number;
    start: number;
    least: number;
    factor: number;
    wanted: number;
    suspector: string | undefined;
  }) {
    this.incarnation = options.incarnation;
    this.#start = options.start;
    this.#least = options.least;
    this.#most = options.wanted > 0 ? options.least * options.factor : options.least;
    this.#wanted = options.wanted;
    if (options.suspector !== undefined) this.#suspectors.push(options.suspector);
    this.#initial = this.#suspectors.length;
  }
  readonly #initial: number;

  /** How many further members have suspected it. */
  get confirmations(): number {
    return this.#suspectors.length - this.#initial;
  }

  /** When it ends: `most - (most - least) * ln(C + 1) / ln(K + 1)` after its start. */
  get deadline(): number {
    if (this.#wanted === 0) return this.#start + this.#least;
    const share = Math.log(this.confirmations + 1) / Math.log(this.#wanted + 1);
    const lasts = this.#most - (this.#most - this.#least) * share;
    return this.#start + Math.max(this.#least, lasts);
  }

  /** Counts a suspector; false if it was counted before, or no more are needed. */
  confirm(suspector: string): boolean {
    if (this.confirmations >= this.#wanted || this.#suspectors.includes(suspector)) return false;
    this.#suspectors.push(suspector);
    return true;
  }
}
