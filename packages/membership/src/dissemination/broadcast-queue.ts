import type { SwimConfig } from '../config.ts';
import { SwimError } from '../errors.ts';
import { type Ticket, TransmissionQueue } from './transmission-queue.ts';

/**
 * Handles custom broadcasts: bytes of an application that spread as updates do. A `Key` identifies
 * what a broadcast is about; a newer broadcast replaces a queued one with an equal key.
 */
export interface BroadcastHandler<Id, Key = unknown> {
  /**
   * Decodes a broadcast and acts on it. Returns its key if it is new, and it spreads further;
   * undefined if it was known. A handler that always returns a key keeps broadcasts in circulation
   * forever. `from` is the member that sent the packet, rarely the one that made the broadcast;
   * undefined for {@link Swim.broadcast}. The bytes are valid only during the call: copy what you
   * keep. If the handler throws, the broadcast is refused.
   */
  receive(bytes: Uint8Array, from: Id | undefined): Key | undefined;
  /**
   * Whether a queued broadcast with another key is obsolete because of one with key `newer`.
   * Called for each queued broadcast. Default: none is.
   */
  invalidates?(newer: Key, queued: Key): boolean;
  /** Whether messages to this member may carry broadcasts. Default: all may. */
  attachTo?(member: Id): boolean;
}

/** Custom broadcasts to spread, bounded in number and in bytes. */
export class BroadcastQueue<Id> {
  readonly handler: BroadcastHandler<Id> | undefined;
  readonly queue: TransmissionQueue;
  readonly #tickets = new Map<unknown, Ticket>();
  readonly #keys = new Map<Ticket, unknown>();
  readonly #config: SwimConfig;
  /** How many made room for others before they had been sent often enough. */
  evicted = 0;

  constructor(handler: BroadcastHandler<Id> | undefined, config: SwimConfig) {
    this.handler = handler;
    this.#config = config;
    this.queue = new TransmissionQueue({
      prefixed: true,
      onSpent: (_, ticket) => this.#forget(ticket),
    });
  }

  /** Whether messages to a member may carry broadcasts. */
  mayGoTo(member: Id): boolean {
    return this.handler?.attachTo?.(member) ?? true;
  }

  /**
   * Hands a broadcast to the handler, and queues a copy if it is new. Returns whether it is. Throws
   * `broadcast`, with nothing queued, if there is no handler or it throws.
   */
  receive(bytes: Uint8Array, from: Id | undefined): boolean {
    const { handler } = this;
    if (handler === undefined) {
      throw new SwimError('broadcast', 'no broadcast handler');
    }
    let key: unknown;
    try {
      key = handler.receive(bytes, from);
      if (key === undefined) return false;
      for (const [queued, ticket] of handler.invalidates ? this.#tickets : []) {
        if (queued !== key && handler.invalidates?.(key, queued)) this.#remove(ticket);
      }
    } catch (cause) {
      throw new SwimError('broadcast', 'the broadcast handler threw', { cause });
    }
    const older = this.#tickets.get(key);
    if (older !== undefined) this.#remove(older);
    const ticket = this.queue.add(0, bytes);
    this.#tickets.set(key, ticket);
    this.#keys.set(ticket, key);
    const { maxBroadcasts, maxBroadcastBytes } = this.#config;
    while (this.queue.length > maxBroadcasts || this.queue.byteLength > maxBroadcastBytes) {
      this.#remove(this.queue.mostSent);
      this.evicted++;
    }
    return true;
  }

  #remove(ticket: Ticket): void {
    this.queue.remove(ticket);
    this.#forget(ticket);
  }

  #forget(ticket: Ticket): void {
    this.#tickets.delete(this.#keys.get(ticket));
    this.#keys.delete(ticket);
  }
}
