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
  /** The first one, if it is known, and those that have confirmed it. */
  readonly #suspectors: (string | undefined)[];

  /**
   * Times in ms. It lasts `least * factor` at first; `least` once `wanted` further members have
   * confirmed it, and from the beginning when `wanted` is 0.
   */
  constructor(
    incarnation: number,
    suspector: string | undefined,
    start: number,
    least: number,
    factor: number,
    wanted: number,
  ) {
    this.incarnation = incarnation;
    this.#suspectors = [suspector];
    this.#start = start;
    this.#least = least;
    this.#most = wanted > 0 ? least * factor : least;
    this.#wanted = wanted;
  }

  /** How many further members have suspected it. */
  get #confirmations(): number {
    return this.#suspectors.length - 1;
  }

  /** When it ends: `most - (most - least) * ln(C + 1) / ln(K + 1)` after its start. */
  get deadline(): number {
    const least = this.#least;
    const most = this.#most;
    // With no confirmations the share is 0, whatever K is.
    const share = Math.log(this.#confirmations + 1) / Math.log(Math.max(1, this.#wanted) + 1);
    return this.#start + Math.max(least, most - (most - least) * share);
  }

  /** Counts a suspector; false if it was counted before, or no more are needed. */
  confirm(suspector: string): boolean {
    if (this.#confirmations >= this.#wanted || this.#suspectors.includes(suspector)) return false;
    this.#suspectors.push(suspector);
    return true;
  }
}
