import { type Message, WireError } from '@shoal/wire';
import type { Context } from '../context.ts';
import type { ClusterView } from '../members/cluster-view.ts';
import type { DenseSet } from '../members/member-sets.ts';
import type { BroadcastQueue } from './broadcast-queue.ts';
import { PacketBuilder } from './packet-builder.ts';

/** Sends messages, to one member or to some random ones. */
export class Outbox<Id> {
  readonly #context: Context<Id>;
  readonly #view: ClusterView<Id>;
  readonly #builder: PacketBuilder<Id>;

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
   * Sends one message. `first`: an encoded update that must be in its packet. Returns false if the
   * header does not fit into a packet, or `to` cannot be encoded.
   */
  send(to: Id, message: Message<Id>, first?: Uint8Array): boolean {
    const { counters, outputs } = this.#context;
    let bytes: Uint8Array;
    try {
      bytes = this.#builder.build(to, message, first);
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

  /** Sends a message to up to `count` random members of a set; by default, of the active ones. */
  sendToSome(count: number, message: Message<Id>, among: DenseSet = this.#view.table.active): void {
    for (const slot of among.choose(count)) this.send(this.#view.table.id(slot), message);
  }
}
