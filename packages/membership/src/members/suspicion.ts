/** Options of a {@link Suspicion}. Times are in ms. */
export interface SuspicionOptions {
  /** The suspected incarnation. The deadline applies to no other. */
  readonly incarnation: number;
  /** The first suspector, if it is known. */
  readonly suspector: string | undefined;
  readonly start: number;
  /** The shortest time to refute. */
  readonly least: number;
  /** How many times longer the time is before anyone confirms the suspicion. 1 or more. */
  readonly factor: number;
  /** How many further suspectors shorten the time to `least`; with 0 it is `least` at once. */
  readonly wanted: number;
}

/**
 * One suspicion of one member. The time to refute it shrinks with each further member that
 * suspects. Source: the Lifeguard paper, section IV-B; memberlist's suspicion.go.
 */
export class Suspicion {
  readonly incarnation: number;
  readonly #start: number;
  readonly #least: number;
  readonly #most: number;
  readonly #wanted: number;
  /** The first suspector, if it is known, and the further ones. */
  readonly #suspectors: (string | undefined)[];

  constructor({ incarnation, suspector, start, least, factor, wanted }: SuspicionOptions) {
    this.incarnation = incarnation;
    this.#suspectors = [suspector];
    this.#start = start;
    this.#least = least;
    this.#most = wanted > 0 ? least * factor : least;
    this.#wanted = wanted;
  }

  /** How many further members suspect it. */
  get #further(): number {
    return this.#suspectors.length - 1;
  }

  /** When it ends: `most - (most - least) * ln(C + 1) / ln(K + 1)` after its start. */
  get deadline(): number {
    const least = this.#least;
    const most = this.#most;
    // While C is 0 the share is 0, whatever K is.
    const share = Math.log(this.#further + 1) / Math.log(Math.max(1, this.#wanted) + 1);
    return this.#start + Math.max(least, most - (most - least) * share);
  }

  /** Counts a suspector. Returns false if it was counted before, or no more are needed. */
  addSuspector(suspector: string): boolean {
    if (this.#further >= this.#wanted || this.#suspectors.includes(suspector)) return false;
    this.#suspectors.push(suspector);
    return true;
  }
}
