/** The longest delay that `setTimeout` takes; a longer wait is made of several. */
export const MAX_DELAY: number = 2 ** 31 - 1;

/** When a timer is so late, in ms, what came in meanwhile is read first. */
const LATE = 50;

/** How many turns of the loop that may take: a socket is read for some 32 datagrams in each. */
const TURNS = 32;

/** Calls a machine's `tick` when its deadline has come. Times are those of `performance.now`. */
export class TickTimer {
  readonly #tick: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the timer fires; Infinity when it is not set. */
  #armedFor: number = Number.POSITIVE_INFINITY;
  #inputs = 0;

  constructor(tick: () => void) {
    this.#tick = tick;
  }

  /** A timer that fires too early costs less than one that is set anew for each packet. */
  arm(deadline: number): void {
    if (deadline >= this.#armedFor) return;
    clearTimeout(this.#timer);
    this.#armedFor = deadline;
    const delay = Math.min(MAX_DELAY, Math.max(0, Math.ceil(deadline - performance.now())));
    this.#timer = setTimeout(() => {
      if (performance.now() - deadline > LATE) this.#fireLater(TURNS);
      else this.#fire();
    }, delay);
  }

  /** Something was read from a socket. */
  onInput(): void {
    this.#inputs++;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #fire(): void {
    this.#armedFor = Number.POSITIVE_INFINITY;
    this.#tick();
  }

  /**
   * Timers come before sockets: when we were held up, the acks that were in time wait there. So
   * this lets the loop turn until a turn has brought nothing, `turns` times at most.
   */
  #fireLater(turns: number): void {
    const inputs = this.#inputs;
    this.#timer = setTimeout(() => {
      if (this.#inputs === inputs || turns === 1) this.#fire();
      else this.#fireLater(turns - 1);
    }, 0);
  }
}
