/** What a pending call is known by; only its clock looks inside. */
export type Timer = object | number;

/**
 * Time and timers, so that a test can hand in others than the system's. Times are in ms, from a
 * start of the clock's choice, and never go back.
 */
export interface Clock {
  now(): number;
  /** Calls `action` once, after `delay` ms; 0 is after what is running now, and what it queued. */
  setTimeout(action: () => void, delay: number): Timer;
  /** Does nothing for a timer that has fired. */
  clearTimeout(timer: Timer): void;
}

/** Node's and Bun's, which run timers of 0 ms without the delay of 1 to 4 ms of `setTimeout`. */
const host = globalThis as {
  setImmediate?: ((action: () => void) => object | number) | undefined;
  clearImmediate?: ((timer: never) => void) | undefined;
};

class Immediate {
  readonly timer: object | number;

  constructor(action: () => void) {
    this.timer = host.setImmediate!(action);
  }
}

/** The system's time, monotonic, and its timers. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (action, delay) =>
    delay <= 0 && host.setImmediate ? new Immediate(action) : setTimeout(action, delay),
  clearTimeout(timer) {
    if (timer instanceof Immediate) host.clearImmediate!(timer.timer as never);
    else clearTimeout(timer as number);
  },
};
