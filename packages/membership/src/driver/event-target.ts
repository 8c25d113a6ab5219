import { EventStream } from './event-stream.ts';
import type { DriverEvent } from './options.ts';

type EventType = DriverEvent<unknown>['type'];
type EventOf<Id, Type extends EventType> = Extract<DriverEvent<Id>, { type: Type }>;

const DEFAULT_CAPACITY = 4096;

/** Something that happened, as an `Event`. */
export class MembershipUpdate<Detail> extends Event {
  readonly detail: Detail;

  constructor(type: string, detail: Detail) {
    super(type);
    this.detail = detail;
  }
}

/** An `EventTarget` of {@link DriverEvent}s, which can be read as a stream as well. */
export class MembershipEventTarget<Id> extends EventTarget {
  readonly #streams = new Set<EventStream<DriverEvent<Id>>>();

  /** Calls `listener` for each event of this type. Returns how to stop; the signal does so, too. */
  on<Type extends EventType>(
    type: Type,
    listener: (event: EventOf<Id, Type>) => void,
    options: { readonly signal?: AbortSignal } = {},
  ): () => void {
    const handler = (event: Event): void =>
      listener((event as MembershipUpdate<EventOf<Id, Type>>).detail);
    this.addEventListener(type, handler, options);
    return () => this.removeEventListener(type, handler);
  }

  /**
   * All events from now on, in order, until the membership is closed. At most `capacity` wait
   * to be read, default 4096: a reader that falls further behind gets a `SwimError` with code
   * `overflow`, rather than a stream with holes.
   */
  events(options: { readonly capacity?: number } = {}): AsyncGenerator<DriverEvent<Id>, void> {
    const stream = new EventStream<DriverEvent<Id>>(options.capacity ?? DEFAULT_CAPACITY);
    this.#streams.add(stream);
    return stream.read();
  }

  /** Tells listeners and readers. A listener that throws hinders nobody else. */
  protected tell(event: DriverEvent<Id>): void {
    for (const stream of this.#streams) if (!stream.push(event)) this.#streams.delete(stream);
    this.dispatchEvent(new MembershipUpdate(event.type, event));
  }

  protected endStreams(): void {
    for (const stream of this.#streams) stream.end();
    this.#streams.clear();
  }
}
