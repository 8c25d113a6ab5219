import { onAbort } from './abort.ts';
import { EventBuffer, type EventStream } from './event-stream.ts';
import { Fifo } from './fifo.ts';

/** Any event: its type, and fields of its own. */
export interface EventShape {
  readonly type: string;
}

/** The events of one type. */
export type EventOfType<E extends EventShape, Type extends E['type']> = Extract<
  E,
  { readonly type: Type }
>;

/** Options of {@link EventSource.on}. */
export interface ListenOptions {
  /** Removes the listener when it fires. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link EventSource.events}. */
export interface EventsOptions {
  /** How many unread events may wait: a whole number from 1. Default 4096. */
  readonly capacity?: number | undefined;
  /**
   * Ends the stream when it fires: the pending read, or else the next one, rejects with its reason.
   */
  readonly signal?: AbortSignal | undefined;
}

/** An object that reports events, to listeners and to readers. */
export interface EventSource<E extends EventShape> {
  /**
   * Calls `listener` for each event of this type, in order. A listener never runs inside another
   * one: what a listener causes is delivered after the current event has reached every listener.
   * A listener that throws does not disturb the others; its error is reported as uncaught.
   * Returns a function that removes the listener.
   */
  on<Type extends E['type']>(
    type: Type,
    listener: (event: EventOfType<E, Type>) => void,
    options?: ListenOptions,
  ): () => void;

  /**
   * All events from now on, in order, until the source is closed. A reader that falls more than
   * `capacity` events behind gets an error with code `overflow` rather than a stream with holes.
   */
  events(options?: EventsOptions): EventStream<E>;
}

/** Options of an {@link Emitter}. */
export interface EmitterOptions {
  /**
   * Makes the error, with code `overflow`, for a reader with more than `capacity` unread events.
   */
  readonly overflowError: (capacity: number) => Error;
}

interface Listener {
  readonly call: (event: never) => void;
  removed: boolean;
}

const DEFAULT_CAPACITY = 4096;
const ANY = Symbol('any type');

/**
 * Delivers the events of one object to its listeners and readers, in order, never nested.
 */
export class Emitter<E extends EventShape> implements EventSource<E> {
  readonly #overflowError: (capacity: number) => Error;
  /** Arrays are replaced, not changed, so that a running delivery sees its own. */
  readonly #listeners = new Map<string | typeof ANY, readonly Listener[]>();
  readonly #readers = new Set<EventBuffer<E>>();
  readonly #queue = new Fifo<E>();
  #delivering = false;
  #ended = false;

  constructor(options: EmitterOptions) {
    this.#overflowError = options.overflowError;
  }

  on<Type extends E['type']>(
    type: Type,
    listener: (event: EventOfType<E, Type>) => void,
    options: ListenOptions = {},
  ): () => void {
    return this.#add(type, listener, options.signal);
  }

  /**
   * Calls `listener` for every event, before the listeners of its type. Otherwise like {@link on}.
   */
  onAny(listener: (event: E) => void, options: ListenOptions = {}): () => void {
    return this.#add(ANY, listener, options.signal);
  }

  /** Throws a `RangeError` for a `capacity` that is not a whole number from 1. */
  events(options: EventsOptions = {}): EventStream<E> {
    const { capacity = DEFAULT_CAPACITY, signal } = options;
    if (!(Number.isSafeInteger(capacity) && capacity >= 1)) {
      throw new RangeError(`capacity must be a whole number from 1, not ${capacity}`);
    }
    const reader = new EventBuffer<E>({
      capacity,
      signal,
      overflowError: this.#overflowError,
      onClose: (buffer) => this.#readers.delete(buffer as EventBuffer<E>),
    });
    if (this.#ended) reader.end();
    else if (!signal?.aborted) this.#readers.add(reader);
    return reader;
  }

  /**
   * Delivers an event before it returns. Called from a listener, it returns at once, and the event
   * is delivered after the current one has reached every listener. Events after the end are
   * dropped.
   */
  emit(event: E): void {
    if (this.#ended) return;
    this.#queue.push(event);
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      while (this.#queue.length > 0) this.#deliver(this.#queue.shift()!);
    } finally {
      this.#delivering = false;
    }
  }

  /**
   * Accepts no further events. Those that wait behind a running delivery are still delivered;
   * readers then end after their unread events.
   */
  end(): void {
    this.#ended = true;
    if (!this.#delivering) this.#endReaders();
  }

  #deliver(event: E): void {
    for (const reader of [...this.#readers]) reader.push(event);
    this.#call(this.#listeners.get(ANY), event);
    this.#call(this.#listeners.get(event.type), event);
    if (this.#ended && this.#queue.length === 0) this.#endReaders();
  }

  #call(listeners: readonly Listener[] | undefined, event: E): void {
    if (listeners === undefined) return;
    for (const listener of listeners) {
      if (listener.removed) continue;
      try {
        listener.call(event as never);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  #add(
    type: string | typeof ANY,
    call: (event: never) => void,
    signal: AbortSignal | undefined,
  ): () => void {
    if (signal?.aborted) return () => {};
    const listener: Listener = { call, removed: false };
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
    const remove = (): void => {
      cancelAbort();
      if (listener.removed) return;
      listener.removed = true;
      const others = this.#listeners.get(type)!.filter((other) => other !== listener);
      if (others.length > 0) this.#listeners.set(type, others);
      else this.#listeners.delete(type);
    };
    const cancelAbort = onAbort(signal, remove);
    return remove;
  }

  #endReaders(): void {
    for (const reader of [...this.#readers]) reader.end();
  }
}
