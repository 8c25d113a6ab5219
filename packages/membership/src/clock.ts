import { SwimError } from './errors.ts';

/**
 * The machine's own time: the caller's, less the spans in which the process did not run. So a
 * laptop lid, a long garbage collection or a clock that is set finds every timer with as much
 * left as before, and nobody is suspected for our own absence.
 */
export class Clock {
  /** The machine's time, in ms. Never goes back. At first it is before all others. */
  now: number = Number.NEGATIVE_INFINITY;
  readonly #tolerance: number;
  #skew = 0;

  /** `tolerance`: how late, in ms, a tick may come before it counts as a gap. */
  constructor(tolerance: number) {
    this.#tolerance = tolerance;
  }

  /**
   * Takes the caller's time. `due` is the earliest deadline in the machine's time. Returns the
   * length of the gap before `time`, in ms; 0 for none. Throws `time`.
   */
  advance(time: number, due: number): number {
    if (!Number.isFinite(time)) throw new SwimError('time', `not a time in ms: ${time}`);
    const own = time - this.#skew;
    if (own < this.now) {
      // The caller's clock was set back.
      this.#skew = time - this.now;
      return 0;
    }
    const late = own - Math.max(due, this.now);
    if (late > this.#tolerance) {
      this.now = own - late;
      this.#skew = time - this.now;
      return late;
    }
    this.now = own;
    return 0;
  }

  /** A time of the machine as the caller's. */
  outside(own: number): number {
    return own + this.#skew;
  }
}
