import { SwimError } from './errors.ts';

/**
 * The machine's own time: the caller's, minus the gaps in which the process did not run. After a
 * closed laptop lid, a long garbage collection or a clock change, every timer has as much time left
 * as before, so no member is suspected because this process was away.
 */
export class MachineClock {
  /** The machine's time, in ms. Never goes back. Before the first input it is minus infinity. */
  now: number = Number.NEGATIVE_INFINITY;
  readonly #tolerance: number;
  #skew = 0;

  /** `tolerance`: how late, in ms, a tick may come before it counts as a gap. */
  constructor(tolerance: number) {
    this.#tolerance = tolerance;
  }

  /**
   * Takes the caller's time. `due` is the earliest deadline, in the machine's time. Returns the
   * length of the gap before `time`, in ms; 0 if there was none. Throws `time`, with nothing
   * changed, if `time` is not a finite number.
   */
  advance(time: number, due: number): number {
    if (!Number.isFinite(time)) {
      throw new SwimError('time', `not a finite time: ${time}`);
    }
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

  /** Converts a time of the machine to the caller's, at which it will have been reached. */
  toCaller(own: number): number {
    const time = own + this.#skew;
    // Rounded down, a tick at that time would come too early, and so would the next one.
    return time - this.#skew < own ? time + Math.abs(time) * Number.EPSILON : time;
  }
}
