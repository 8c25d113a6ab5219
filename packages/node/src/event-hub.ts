import { NodeError } from './errors.ts';
import type { NodeEvent, NodeEvents, NodeEventType } from './events.ts';

/** Listeners to and readers of a node's events. */
export class EventHub {
  readonly #listeners = new Map<NodeEventType, Set<(event: never) => void>>();
  readonly #readers = new Set<Reader>();
  #ended = false;

  /** Calls `listener` at each such event; call the result, or fire the signal, to end that. */
  on<Name extends NodeEventType>(
    name: Name,
    listener: (event: NodeEvents[Name]) => void,
    signal?: AbortSignal,
  ): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    // A wrapper, so that the same function can be added twice and taken off once.
    const entry = (event: NodeEvents[Name]): void => listener(event);
    const off = (): void => {
      listeners.delete(entry);
      signal?.removeEventListener('abort', off);
    };
    if (signal?.aborted) return off;
    listeners.add(entry);
    signal?.addEventListener('abort', off);
    return off;
  }

  /** A listener that throws does not disturb the node: it is reported as uncaught. */
  emit<Name extends NodeEventType>(name: Name, event: NodeEvents[Name]): void {
    if (this.#ended) return;
    for (const reader of this.#readers) reader.push({ type: name, ...event } as NodeEvent);
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        (listener as (event: NodeEvents[Name]) => void)(event);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** All events from now on; at most `capacity` wait to be read. */
  read(capacity: number): AsyncGenerator<NodeEvent, void, undefined> {
    const reader = new Reader(capacity);
    if (this.#ended) reader.end();
    else this.#readers.add(reader);
    return reader.read(() => this.#readers.delete(reader));
  }

  end(): void {
    this.#ended = true;
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
  }
}

class Reader {
  readonly #capacity: number;
  #waiting: NodeEvent[] = [];
  #state: 'open' | 'ended' | 'overflowed' = 'open';
  #wake: (() => void) | undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  push(event: NodeEvent): void {
    if (this.#state !== 'open') return;
    if (this.#waiting.length >= this.#capacity) {
      this.#waiting = [];
      this.#state = 'overflowed';
    } else this.#waiting.push(event);
    this.#wake?.();
  }

  end(): void {
    if (this.#state === 'open') this.#state = 'ended';
    this.#wake?.();
  }

  async *read(closed: () => void): AsyncGenerator<NodeEvent, void, undefined> {
    try {
      for (;;) {
        const batch = this.#waiting;
        this.#waiting = [];
        yield* batch;
        if (this.#waiting.length > 0) continue;
        if (this.#state === 'overflowed') {
          throw new NodeError('overflow', `over ${this.#capacity} events were not read in time`);
        }
        if (this.#state === 'ended') return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.#state = 'ended';
      closed();
    }
  }
}
