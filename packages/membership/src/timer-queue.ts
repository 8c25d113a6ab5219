/** Something that comes due. It may be in one queue, and belongs to the code that made it. */
export interface QueuedTimer {
  /** In ms of the queue's time. Meaningless while not queued. */
  deadline: number;
  /** Its place in the heap; -1 while not queued. */
  heapIndex: number;
}

/** Timers by deadline: a 4-ary heap in which each timer knows its place, so it can be moved. */
export class TimerQueue<T extends QueuedTimer> {
  readonly #heap: T[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** The earliest deadline; Infinity when there is none. */
  get next(): number {
    return this.#heap[0]?.deadline ?? Number.POSITIVE_INFINITY;
  }

  /** Queues `timer`, or moves it to another deadline. */
  schedule(timer: T, deadline: number): void {
    timer.deadline = deadline;
    if (timer.heapIndex < 0) timer.heapIndex = this.#heap.push(timer) - 1;
    this.#place(timer, timer.heapIndex);
  }

  /** Removes `timer` if it is queued. */
  cancel(timer: T): void {
    const at = timer.heapIndex;
    if (at < 0) return;
    timer.heapIndex = -1;
    const last = this.#heap.pop()!;
    if (last !== timer) this.#place(last, at);
  }

  /** Removes and returns the earliest timer if it is due at `now`. */
  takeDue(now: number): T | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.deadline > now) return undefined;
    this.cancel(first);
    return first;
  }

  /** Moves `timer` up or down to its place from `at`, which is free or its own. */
  #place(timer: T, at: number): void {
    const heap = this.#heap;
    while (at > 0) {
      const above = (at - 1) >> 2;
      const parent = heap[above]!;
      if (parent.deadline <= timer.deadline) break;
      heap[at] = parent;
      parent.heapIndex = at;
      at = above;
    }
    for (;;) {
      const first = at * 4 + 1;
      if (first >= heap.length) break;
      let least = first;
      const end = Math.min(first + 4, heap.length);
      for (let i = first + 1; i < end; i++) {
        if (heap[i]!.deadline < heap[least]!.deadline) least = i;
      }
      const child = heap[least]!;
      if (child.deadline >= timer.deadline) break;
      heap[at] = child;
      child.heapIndex = at;
      at = least;
    }
    heap[at] = timer;
    timer.heapIndex = at;
  }
}
