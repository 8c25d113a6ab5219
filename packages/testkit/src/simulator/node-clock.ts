/** By how much, in ms, a timer fires late: enough for rounding never to make it early. */
const TIMER_SLACK = 0.001;

/** The clock of one node: it may run fast or slow, and be set. All times are in ms. */
export class NodeClock {
  /** What it showed at `#since`. */
  #shown: number;
  #since = 0;
  #rate = 1;

  /** `shown`: what it shows at time 0. */
  constructor(shown: number) {
    this.#shown = shown;
  }

  /** By how much faster than true time it runs: 1 is right. */
  get rate(): number {
    return this.#rate;
  }

  /** What it shows at the true time `now`. */
  read(now: number): number {
    return this.#shown + (now - this.#since) * this.#rate;
  }

  /** The true time at which a timer fires that is set at `now` for the time `shown`. */
  timerFor(shown: number, now: number): number {
    return now + Math.max(0, shown - this.read(now)) / this.#rate + TIMER_SLACK;
  }

  /** Lets it run at `rate` from `now` on. */
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
