import { SwimError } from '../errors.ts';

/** Events on their way to one reader, bounded. */
export class EventStream<Event> {
  #waiting: Event[] = [];
  #ended = false;
  #overflowed = false;
  #wake: (() => void) | undefined;
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** False once nothing more is wanted. */
  push(event: Event): boolean {
    if (this.#ended) return false;
    if (this.#waiting.length >= this.#capacity) {
      this.#waiting = [];
      this.#overflowed = true;
      this.end();
      return false;
    }
    this.#waiting.push(event);
    this.#wake?.();
    return true;
  }

  /** What waits is read yet. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *read(): AsyncGenerator<Event, void> {
    try {
      for (;;) {
        const batch = this.#waiting;
        this.#waiting = [];
        yield* batch;
        if (this.#waiting.length > 0) continue;
        if (this.#overflowed) throw new SwimError('overflow', 'events were not read in time');
        if (this.#ended) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.#ended = true;
      this.#waiting = [];
    }
  }
}
