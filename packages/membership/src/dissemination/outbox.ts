import { type Message, WireError } from '@shoal/wire';
import type { Context } from '../context.ts';
import { NONE } from '../members/address-book.ts';
import type { ClusterView } from '../members/cluster-view.ts';
import type { DenseSet } from '../members/member-sets.ts';
import type { BroadcastQueue } from './broadcast-queue.ts';
import { PacketBuilder } from './packet-builder.ts';

/** Source: RFC 9000, section 8.1. */
export const AMPLIFICATION = 3;

/** A newcomer learns the rest from other members. */
const MAX_FEED_PACKETS = 8;

/** Sends messages, to one member or to some random ones. */
export class Outbox<Id> {
  readonly #context: Context<Id>;
  readonly #view: ClusterView<Id>;
  readonly #builder: PacketBuilder<Id>;
  /** How many bytes may still be sent to addresses that are not proved. */
  #credit = 0;

  constructor(context: Context<Id>, view: ClusterView<Id>, broadcasts: BroadcastQueue<Id>) {
    this.#context = context;
    this.#view = view;
    this.#builder = new PacketBuilder(context, view, broadcasts);
    this.sendAs(context.self.identity);
  }

  /** Prepares to send as `identity`. Throws `identity`, with nothing changed, if it cannot be. */
  sendAs(identity: Id): void {
    this.#view.updates.maxUpdateSize = this.#builder.roomFor(identity);
  }

  /**
   * Sends one message. `first`: an encoded update that must be in its packet. `most`: the size of the
   * packet. Returns false if the header does not fit into a packet, or `to` cannot be encoded.
   */
  send(to: Id, message: Message<Id>, first?: Uint8Array, most?: number): boolean {
    const { counters, outputs } = this.#context;
    let bytes: Uint8Array;
    try {
      bytes = this.#builder.build(to, message, first, most);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      counters.unsendable++;
      return false;
    }
    counters.packetsSent++;
    counters.bytesSent += bytes.length;
    outputs.push({ type: 'transmit', to, bytes });
    return true;
  }

  /** A packet of `length` bytes has come in: see {@link answer}. */
  received(length: number): void {
    this.#credit = length * AMPLIFICATION;
  }

  /**
   * Sends a message because of the packet that came in last. An address that has not proved yet that
   * it is there gets at most three times as many bytes as that packet had, however many answers.
   */
  answer(to: Id, message: Message<Id>, first?: Uint8Array): boolean {
    const { table } = this.#view;
    const slot = table.slotOf(to);
    if (slot !== NONE && table.isProved(slot)) return this.send(to, message, first);
    const before = this.#context.counters.bytesSent;
    const sent = this.send(to, message, first, this.#credit);
    if (!sent) this.#context.counters.answersLimited++;
    this.#credit -= this.#context.counters.bytesSent - before;
    return sent;
  }

  /**
   * Sends a member that has proved its address the active members: a random sample, as many as fit
   * into one packet, or all of them in up to eight.
   */
  feed(to: Id, extent: 'sample' | 'whole'): void {
    this.#builder.beginFeed();
    let packets = extent === 'whole' ? MAX_FEED_PACKETS : 1;
    do this.send(to, { type: 'feed' });
    while (--packets > 0 && !this.#builder.feedIsWhole);
  }

  /** Sends a message to up to `count` random members of a set; by default, of the active ones. */
  sendToSome(count: number, message: Message<Id>, among: DenseSet = this.#view.table.peers): void {
    for (const slot of among.choose(count)) this.send(this.#view.table.id(slot), message);
  }
}
