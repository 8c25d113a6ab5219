import type { Header, Member, Message } from '@shoal/wire';
import { PacketReader } from '@shoal/wire/internal';
import { type Context, takesPart } from './context.ts';
import type { BroadcastQueue } from './dissemination/broadcast-queue.ts';
import type { Outbox } from './dissemination/outbox.ts';
import { SwimError, type SwimErrorCode } from './errors.ts';
import type { Lifecycle } from './lifecycle/lifecycle.ts';
import { NONE } from './members/address-book.ts';
import type { ClusterView } from './members/cluster-view.ts';
import type { Slot } from './members/member-rows.ts';

/** Reads packets, refuses what is wrong with them, and acts on the rest. */
export class Inbox<Id> {
  readonly #context: Context<Id>;
  readonly #view: ClusterView<Id>;
  readonly #broadcasts: BroadcastQueue<Id>;
  readonly #outbox: Outbox<Id>;
  readonly #lifecycle: Lifecycle<Id>;
  readonly #reader: PacketReader<Id>;
  /** Of the members in a packet. */
  readonly #slots: Slot[] = [];

  constructor(
    context: Context<Id>,
    view: ClusterView<Id>,
    broadcasts: BroadcastQueue<Id>,
    outbox: Outbox<Id>,
    lifecycle: Lifecycle<Id>,
  ) {
    this.#context = context;
    this.#view = view;
    this.#broadcasts = broadcasts;
    this.#outbox = outbox;
    this.#lifecycle = lifecycle;
    this.#reader = new PacketReader(context.codec);
  }

  /** The whole packet is read and checked before it changes anything. */
  receive(datagram: Uint8Array): void {
    const { counters, config, traits, self } = this.#context;
    counters.packetsReceived++;
    counters.bytesReceived += datagram.length;
    const refuse = (code: SwimErrorCode, message: string, options?: ErrorOptions): void =>
      this.#reject(new SwimError(code, message, options), datagram);
    if (datagram.length > config.maxPacketSize) {
      refuse('too-large', `${datagram.length} bytes, more than ${config.maxPacketSize}`);
      return;
    }
    let header: Header<Id>;
    try {
      header = this.#reader.read(datagram);
    } catch (cause) {
      refuse('malformed', 'not a packet of this protocol', { cause });
      return;
    }
    if (traits.address(header.src) === self.address) {
      refuse('own-address', 'a packet from our own address');
    } else if (!this.#isAddressed(header)) {
      counters.misaddressed++;
    } else if (this.#isOwnIndirect(header.message)) {
      refuse('own-indirect', `a ${header.message.type} about ourselves`);
    } else {
      this.#take(header);
    }
  }

  /** News about anyone; `teller` is who sent it, if it came from the network. */
  update(update: Member<Id>, teller: Id | undefined, spread: boolean): void {
    const { self, traits } = this.#context;
    if (traits.address(update.id) !== self.address) this.#view.apply(update, spread);
    else if (takesPart(self)) this.#lifecycle.refutation.onNews(update, teller);
  }

  #reject(error: SwimError, bytes: Uint8Array): void {
    const { counters, outputs } = this.#context;
    counters.rejected++;
    outputs.push({ type: 'rejected', error, bytes });
  }

  #isUs(id: Id): boolean {
    return this.#context.traits.equals(id, this.#context.self.identity);
  }

  /** An announce may be meant for an older identity of ours: the sender cannot know better. */
  #isAddressed({ dst, message }: Header<Id>): boolean {
    const { traits, self } = this.#context;
    return this.#isUs(dst) || (message.type === 'announce' && traits.address(dst) === self.address);
  }

  #isOwnIndirect(message: Message<Id>): boolean {
    if ('target' in message) return this.#isUs(message.target);
    return 'origin' in message && this.#isUs(message.origin);
  }

  #take(header: Header<Id>): void {
    const { traits, self } = this.#context;
    const { src: id, srcIncarnation: incarnation, message } = header;
    // The sender, at the least, is alive.
    const standing = this.#view.apply({ id, incarnation, state: 'alive' }, true);
    if (standing !== 'active') {
      if (standing !== 'refused') this.#onInactive(id, message, standing === 'superseded');
      return;
    }
    const { records, count, broadcasts } = this.#reader;
    const slots = this.#slots;
    // All at once, so that the processor waits for the memory of several at a time.
    for (let i = 0; i < count; i++) slots[i] = this.#view.table.slotOf(records[i]!.id);
    // Only news of who is not in the table, new or we ourselves, adds or removes somebody.
    let known = true;
    for (let i = 0; i < count; i++) {
      const record = records[i]!;
      // Who says it of itself has left, also where the wire cannot say so.
      if (record.state === 'down' && traits.equals(record.id, id)) record.left = true;
      known &&= slots[i] !== NONE;
      if (known) this.#view.applyAt(slots[i]!, record, true);
      else this.update(record, id, true);
    }
    for (const broadcast of broadcasts) this.#takeBroadcast(broadcast, id);
    this.#lifecycle.settle();
    if (self.state !== 'defunct') this.#react(id, message);
  }

  #takeBroadcast(bytes: Uint8Array, from: Id): void {
    try {
      this.#broadcasts.receive(bytes, from);
    } catch (error) {
      if (!(error instanceof SwimError)) throw error;
      this.#reject(error, bytes.slice());
    }
  }

  /**
   * Who is down, or was replaced, is not listened to, but told: one who was replaced by whom,
   * so that it can renew itself past that one. A TurnUndead is obeyed all the same, and
   * answered only with a new identity: two that hold each other down come back, and stop.
   */
  #onInactive(src: Id, message: Message<Id>, superseded: boolean): void {
    const { counters, self, config } = this.#context;
    counters.fromInactive++;
    if (message.type === 'turnUndead') this.#onTurnUndead(src);
    if (!takesPart(self) || !config.notifyDown) return;
    const winner = superseded ? this.#view.table.slotOf(src) : NONE;
    if (winner !== NONE)
      this.#outbox.send(src, { type: 'gossip' }, this.#view.codec.encodeAt(winner));
    this.#outbox.send(src, { type: 'turnUndead' });
  }

  /** We are held to be down: that is what we want, or must be answered with a new identity. */
  #onTurnUndead(src: Id): void {
    const { self } = this.#context;
    if (self.state === 'leaving') this.#lifecycle.goodbyeHeard(src, undefined);
    else if (takesPart(self)) this.#lifecycle.refutation.die(undefined, src);
  }

  #react(src: Id, message: Message<Id>): void {
    const outbox = this.#outbox;
    const lifecycle = this.#lifecycle;
    switch (message.type) {
      case 'ping':
        outbox.send(src, { type: 'ack', probeNumber: message.probeNumber });
        break;
      case 'ack':
        // Of the goodbye while we are leaving, of a probe before: the other is not waited for.
        lifecycle.goodbyeHeard(src, message.probeNumber);
        lifecycle.prober.onAck(src, message.probeNumber);
        break;
      case 'pingReq':
        lifecycle.helper.accept(src, message.target, message.probeNumber);
        break;
      case 'indirectPing': {
        const { origin: target, probeNumber } = message;
        outbox.send(src, { type: 'indirectAck', target, probeNumber });
        break;
      }
      case 'indirectAck':
        lifecycle.helper.fulfil(src, message.target, message.probeNumber);
        break;
      case 'forwardedAck':
        lifecycle.prober.onForwardedAck(src, message.origin, message.probeNumber);
        break;
      case 'nack':
        lifecycle.prober.onNack(src, message.target, message.probeNumber);
        break;
      case 'announce':
        outbox.send(src, { type: 'feed' });
        break;
      case 'turnUndead':
        this.#onTurnUndead(src);
        break;
      case 'feed':
      case 'gossip':
      case 'broadcast':
        break;
    }
  }
}
