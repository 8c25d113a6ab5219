/** A pending timer, opaque to everyone but the clock that returned it. */
export type TimerHandle = object | number;

/**
 * Time and timers, which a test can replace. Times are in ms since an arbitrary start, and never go
 * back.
 */
export interface MonotonicClock {
  now(): number;
  /** Calls `action` once, after `delay` ms. With 0: after the current task and its microtasks. */
  setTimeout(action: () => void, delay: number): TimerHandle;
  /** Does nothing for a timer that has fired. */
  clearTimeout(timer: TimerHandle): void;
}

/** In Node and Bun `setImmediate` avoids the 1 to 4 ms that `setTimeout` adds to a delay of 0. */
const host = globalThis as {
  setImmediate?: (action: () => void) => object | number;
  clearImmediate?: (timer: never) => void;
};

class Immediate {
  readonly timer: object | number;

  constructor(action: () => void) {
    this.timer = host.setImmediate!(action);
  }
}

/** The system's monotonic time and its timers. */
export const systemClock: MonotonicClock = {
  now: () => performance.now(),
  setTimeout: (action, delay) =>
    delay <= 0 && host.setImmediate ? new Immediate(action) : setTimeout(action, delay),
  clearTimeout(timer) {
    if (timer instanceof Immediate) host.clearImmediate!(timer.timer as never);
    else clearTimeout(timer as number);
  },
};
