import type { MonotonicClock, TimerHandle } from './monotonic-clock.ts';

class VirtualTimer {
  readonly time: number;
  readonly order: number;
  action: (() => void) | undefined;

  constructor(time: number, order: number, action: () => void) {
    this.time = time;
    this.order = order;
    this.action = action;
  }
}

/**
 * A {@link MonotonicClock} that advances only on request. Timers run in the order of their times,
 * and timers of the same time in the order in which they were set, so that runs repeat exactly.
 */
export class VirtualClock implements MonotonicClock {
  #now: number;
  #order = 0;
  /** A binary heap. Canceled timers stay until they reach the top. */
  readonly #heap: VirtualTimer[] = [];
  #live = 0;

  /** `start`: the time that it shows first, in ms. */
  constructor(start = 0) {
    this.#now = start;
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#live;
  }

  /** When the next timer is due, in ms; Infinity if there is none. */
  get nextDeadline(): number {
    return this.#top()?.time ?? Number.POSITIVE_INFINITY;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(action: () => void, delay: number): TimerHandle {
    // NaN counts as 0, as in the system's setTimeout.
    const timer = new VirtualTimer(this.#now + Math.max(delay || 0, 0), this.#order++, action);
    this.#live++;
    this.#push(timer);
    return timer;
  }

  clearTimeout(timer: TimerHandle): void {
    if (!(timer instanceof VirtualTimer) || !timer.action) return;
    timer.action = undefined;
    this.#live--;
  }

  /** Runs all timers due up to `time`, in ms. Promise reactions run only after it returns. */
  runUntil(time: number): void {
    while (this.nextDeadline <= time) this.#runNext();
    this.#now = Math.max(this.#now, time);
  }

  /**
   * Advances the clock by `ms` milliseconds. Promise reactions run after each timer, so that
   * `async` code runs in virtual time as it would in real time, as long as it waits for nothing but
   * this clock.
   */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settled();
    while (this.nextDeadline <= until) {
      this.#runNext();
      await settled();
    }
    this.#now = Math.max(this.#now, until);
  }

  #runNext(): void {
    const timer = this.#top();
    if (!timer) return;
    this.#pop();
    this.#live--;
    this.#now = Math.max(this.#now, timer.time);
    const action = timer.action!;
    timer.action = undefined;
    action();
  }

  #top(): VirtualTimer | undefined {
    while (this.#heap.length > 0 && !this.#heap[0]!.action) this.#pop();
    return this.#heap[0];
  }

  #push(timer: VirtualTimer): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(timer, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function before(a: VirtualTimer, b: VirtualTimer): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}

/** Resolves in a later turn of the event loop, when no promise reaction is left to run. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}
