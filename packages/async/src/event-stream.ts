import { onAbort } from './abort.ts';
import { Waiters } from './waiters.ts';

/**
 * Events in order, for one reader: an async iterable that is closed by leaving the loop, by
 * `return()`, or by `await using`.
 */
export interface EventStream<E> extends AsyncIterable<E>, AsyncDisposable {
  /**
   * The next event. Done once the source has ended and all events have been read. Rejects with
   * the overflow error if the reader fell too far behind, or with the signal's reason.
   */
  next(): Promise<IteratorResult<E, undefined>>;
  /** Stops reading and drops unread events. A pending `next` settles as done. */
  return(): Promise<IteratorResult<E, undefined>>;
  [Symbol.asyncIterator](): this;
}

/** Options of an {@link EventBuffer}. */
export interface EventBufferOptions {
  readonly capacity: number;
  readonly signal: AbortSignal | undefined;
  readonly overflowError: (capacity: number) => Error;
  /** Called once, with the buffer, when it closes. */
  readonly onClose: (buffer: object) => void;
}

/** The events that wait for one reader, at most `capacity` of them. */
export class EventBuffer<E> implements EventStream<E> {
  readonly #options: EventBufferOptions;
  readonly #waiting = new Waiters<IteratorResult<E, undefined>>();
  readonly #cancelAbort: (() => void) | undefined;
  #events: E[] = [];
  #next = 0;
  #closed = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: EventBufferOptions) {
    this.#options = options;
    const { signal } = options;
    this.#cancelAbort = onAbort(signal, () => this.#fail(signal!.reason));
  }

  push(event: E): void {
    if (this.#closed) return;
    const { capacity, overflowError } = this.#options;
    if (this.#waiting.length > 0) this.#waiting.resolveFirst({ done: false, value: event });
    else if (this.#events.length - this.#next >= capacity) this.#fail(overflowError(capacity));
    else this.#events.push(event);
  }

  /** No further events come; unread ones can still be read. */
  end(): void {
    if (!this.#closed) this.#close();
    this.#waiting.resolveAll({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<E, undefined>> {
    if (this.#next < this.#events.length) {
      const value = this.#events[this.#next++]!;
      if (this.#next * 2 > this.#events.length) {
        this.#events = this.#events.slice(this.#next);
        this.#next = 0;
      }
      return Promise.resolve({ done: false, value });
    }
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
      return Promise.reject(error);
    }
    if (this.#closed) return Promise.resolve({ done: true, value: undefined });
    return this.#waiting.wait();
  }

  return(): Promise<IteratorResult<E, undefined>> {
    this.#drop();
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #fail(error: unknown): void {
    this.#drop();
    if (this.#waiting.length > 0) this.#waiting.rejectFirst(error as Error);
    else this.#failure = { error };
    this.end();
  }

  #drop(): void {
    this.#events = [];
    this.#next = 0;
    this.#failure = undefined;
  }

  #close(): void {
    this.#closed = true;
    this.#cancelAbort?.();
    this.#options.onClose(this);
  }
}
