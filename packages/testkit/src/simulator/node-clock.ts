/** How late a timer fires, in ms, so that rounding never makes it early. */
const TIMER_SLACK = 0.001;

/** The clock of one node, which may run fast or slow, and be set. Times are in ms. */
export class NodeClock {
  /** The time that it showed at `#since`. */
  #shown: number;
  #since = 0;
  #rate = 1;

  /** `shown`: the time that it shows at true time 0. */
  constructor(shown: number) {
    this.#shown = shown;
  }

  /** How fast it runs, where 1 is right. */
  get rate(): number {
    return this.#rate;
  }

  /** The time that it shows at the true time `now`. */
  read(now: number): number {
    return this.#shown + (now - this.#since) * this.#rate;
  }

  /** The true time at which a timer fires that is set now for the time `shown`. */
  timerFor(shown: number, now: number): number {
    return now + Math.max(0, shown - this.read(now)) / this.#rate + TIMER_SLACK;
  }

  /** Makes it run at `rate` from `now` on. */
  skew(rate: number, now: number): void {
    this.#shown = this.read(now);
    this.#since = now;
    this.#rate = rate;
  }

  /** Sets it forward by `ms`, or back. */
  jump(ms: number): void {
    this.#shown += ms;
  }
}
