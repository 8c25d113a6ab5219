import { MAX_TIMER_DELAY } from './sleep.ts';

/** Options of a {@link DeadlineTimer}. */
export interface DeadlineTimerOptions {
  /** The clock that deadlines are read on, in ms. Default: `performance.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * Calls a function when a deadline has passed. Postponing the deadline is cheap: the running timer
 * fires at the old deadline, sees the new one and is set again. A wait longer than `setTimeout`
 * allows is split.
 */
export class DeadlineTimer {
  readonly #onDeadline: () => void;
  readonly #now: () => number;
  #deadline = Number.POSITIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the running timer fires; Infinity while none runs. */
  #firesAt = Number.POSITIVE_INFINITY;

  constructor(onDeadline: () => void, options: DeadlineTimerOptions = {}) {
    this.#onDeadline = onDeadline;
    this.#now = options.now ?? (() => performance.now());
  }

  /** The deadline, in ms on the timer's clock; Infinity while there is none. */
  get deadline(): number {
    return this.#deadline;
  }

  /**
   * Sets the deadline, in ms on the timer's clock, in place of the previous one. A deadline in the
   * past fires in the next turn, not inside this call.
   */
  arm(deadline: number): void {
    this.#deadline = deadline;
    if (deadline < this.#firesAt) this.#start(deadline);
  }

  /** Removes the deadline and stops the timer. */
  disarm(): void {
    this.#deadline = Number.POSITIVE_INFINITY;
    this.#firesAt = Number.POSITIVE_INFINITY;
    clearTimeout(this.#timer);
  }

  #start(deadline: number): void {
    clearTimeout(this.#timer);
    const wait = Math.max(0, Math.ceil(deadline - this.#now()));
    this.#firesAt = deadline;
    this.#timer = setTimeout(() => this.#fire(), Math.min(wait, MAX_TIMER_DELAY));
  }

  #fire(): void {
    this.#firesAt = Number.POSITIVE_INFINITY;
    if (this.#deadline === Number.POSITIVE_INFINITY) return;
    if (this.#now() < this.#deadline) this.#start(this.#deadline);
    else {
      this.#deadline = Number.POSITIVE_INFINITY;
      this.#onDeadline();
    }
  }
}
