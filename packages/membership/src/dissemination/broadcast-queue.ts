import type { SwimConfig } from '../config.ts';
import { SwimError } from '../errors.ts';
import { type Ticket, TransmissionQueue } from './transmission-queue.ts';

/**
 * What an application makes of custom broadcasts: bytes of its own that spread as updates do.
 * `Key` says what a broadcast is about; equal keys replace one another.
 */
export interface BroadcastHandler<Id, Key = unknown> {
  /**
   * Decodes a broadcast and acts on it. Returns its key if it is news, to be spread further;
   * undefined if it was known. Always returning a key would keep it in circulation for ever.
   * `from` is who sent it, which is seldom who made it; undefined for {@link Swim.broadcast}.
   * The bytes are valid during the call only: copy what is to be kept. If it throws, the
   * broadcast is refused.
   */
  receive(bytes: Uint8Array, from: Id | undefined): Key | undefined;
  /**
   * Whether a queued broadcast of another key is no longer worth spreading, now that there is
   * one of key `newer`. Asked for every queued one. Default: none.
   */
  invalidates?(newer: Key, queued: Key): boolean;
  /** Whether messages to this member may carry broadcasts. Default: all may. */
  attachTo?(member: Id): boolean;
}

/** Custom broadcasts on their way, bounded by count and by bytes. */
export class BroadcastQueue<Id> {
  readonly handler: BroadcastHandler<Id> | undefined;
  readonly queue: TransmissionQueue;
  readonly #tickets = new Map<unknown, Ticket>();
  readonly #keys = new Map<Ticket, unknown>();
  readonly #config: SwimConfig;
  /** How many were pushed out by others before they had been sent often enough. */
  evicted = 0;

  constructor(handler: BroadcastHandler<Id> | undefined, config: SwimConfig) {
    this.handler = handler;
    this.#config = config;
    this.queue = new TransmissionQueue(2, (_, ticket) => this.#forget(ticket));
  }

  /** Whether messages to a member may carry broadcasts. */
  mayGoTo(member: Id): boolean {
    return this.handler?.attachTo?.(member) ?? true;
  }

  /**
   * Hands a broadcast to the handler and queues a copy if it is news. Throws `broadcast`, with
   * nothing queued, if there is no handler or it throws.
   */
  receive(bytes: Uint8Array, from: Id | undefined): boolean {
    const { handler } = this;
    if (handler === undefined) {
      throw new SwimError('broadcast', 'no handler for broadcasts');
    }
    let key: unknown;
    try {
      key = handler.receive(bytes, from);
      if (key === undefined) return false;
      for (const [queued, ticket] of handler.invalidates ? this.#tickets : []) {
        if (queued !== key && handler.invalidates?.(key, queued)) this.#remove(ticket);
      }
    } catch (cause) {
      throw new SwimError('broadcast', 'refused by the handler', { cause });
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
