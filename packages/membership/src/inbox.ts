import type { Header, Message } from '@shoal/wire';
import { type MemberRecord, PacketReader } from '@shoal/wire/internal';
import { type Context, reject, takesPart } from './context.ts';
import type { Outbox } from './dissemination/outbox.ts';
import { SwimError, type SwimErrorCode } from './errors.ts';
import type { Lifecycle } from './lifecycle/lifecycle.ts';
import type { Machine } from './machine.ts';

/** Reads packets, refuses those that are invalid, and hands the rest to the lifecycle. */
export class Inbox<Id> {
  readonly #context: Context<Id>;
  readonly #lifecycle: Lifecycle<Id>;
  readonly #reader: PacketReader<Id>;

  readonly #outbox: Outbox<Id>;

  constructor(machine: Machine<Id>, lifecycle: Lifecycle<Id>) {
    const context: Context<Id> = machine;
    this.#context = context;
    this.#outbox = machine.outbox;
    this.#lifecycle = lifecycle;
    this.#reader = new PacketReader(context.codec);
  }

  /** Reads and checks the whole packet before it changes anything. */
  receive(datagram: Uint8Array): void {
    const { counters, config, traits, self } = this.#context;
    counters.packetsReceived++;
    counters.bytesReceived += datagram.length;
    const refuse = (code: SwimErrorCode, message: string, options?: ErrorOptions): void =>
      reject(this.#context, new SwimError(code, message, options), datagram);
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
    this.#outbox.received(datagram.length);
    if (traits.isPossible?.(header.src) === false) {
      const from = traits.address(header.src);
      refuse('generation', `the generation of ${from} is too far ahead: compare the clocks`);
    } else if (traits.address(header.src) === self.address) {
      refuse('own-address', `a packet from our own address, ${self.address}`);
    } else if (!this.#isAddressed(header)) {
      counters.misaddressed++;
    } else if (this.#isOwnIndirect(header.message)) {
      refuse('own-indirect', `${header.message.type} about this member itself`);
    } else {
      this.#accept(header);
    }
  }

  #isSelf(id: Id): boolean {
    return this.#context.traits.equals(id, this.#context.self.identity);
  }

  /**
   * Whether it is for this member. An announce is for whoever gets it: its sender may know this
   * member by an older identity, or by another address.
   */
  #isAddressed({ dst, message }: Header<Id>): boolean {
    return message.type === 'announce' || this.#isSelf(dst);
  }

  /** Whether it asks this member to probe itself, or answers such a probe. */
  #isOwnIndirect(message: Message<Id>): boolean {
    if ('target' in message) return this.#isSelf(message.target);
    return 'origin' in message && this.#isSelf(message.origin);
  }

  #accept(header: Header<Id>): void {
    const { counters, self } = this.#context;
    const lifecycle = this.#lifecycle;
    const { src, srcIncarnation, message } = header;
    const proves = lifecycle.proves(src, message);
    if (takesPart(self) && lifecycle.isStranger(src)) {
      if (message.type === 'announce') return lifecycle.challenge(src);
      // Alone, this member answers the challenge of a seed, and is part of its cluster once fed.
      if (message.type === 'ping' && self.state === 'idle') {
        return lifecycle.onMessage(src, message);
      }
    }
    const standing = lifecycle.senderIsAlive(src, srcIncarnation);
    if (standing === 'refused') return;
    if (standing !== 'active') {
      counters.fromInactive++;
      lifecycle.onInactive(src, message, standing);
      return;
    }
    const { records, count, broadcasts } = this.#reader;
    this.#markGoodbye(records, count, src);
    lifecycle.updateAll(records, this.#keepPossible(records, count), src);
    for (const broadcast of broadcasts) lifecycle.takeBroadcast(broadcast, src);
    lifecycle.settle();
    if (self.state === 'defunct') return;
    lifecycle.onMessage(src, message);
    if (proves) lifecycle.welcome(src);
  }

  /** Moves the updates whose identities may exist to the front. Returns how many there are. */
  #keepPossible(records: MemberRecord<Id>[], count: number): number {
    const { traits, counters } = this.#context;
    if (traits.isPossible === undefined) return count;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const record = records[i]!;
      if (!traits.isPossible(record.id)) {
        counters.impossibleUpdates++;
        continue;
      }
      records[i] = records[kept]!;
      records[kept++] = record;
    }
    return kept;
  }

  /** A sender that says it is down has left, even if the protocol cannot express that. */
  #markGoodbye(records: readonly MemberRecord<Id>[], count: number, src: Id): void {
    for (let i = 0; i < count; i++) {
      const record = records[i]!;
      if (record.state === 'down' && this.#context.traits.equals(record.id, src)) {
        record.left = true;
      }
    }
  }
}
