import type { Header, Message } from '@shoal/wire';
import { type MemberRecord, PacketReader } from '@shoal/wire/internal';
import { type Context, reject } from './context.ts';
import { SwimError, type SwimErrorCode } from './errors.ts';
import type { Lifecycle } from './lifecycle/lifecycle.ts';

/** Reads packets, refuses those that are invalid, and hands the rest to the lifecycle. */
export class Inbox<Id> {
  readonly #context: Context<Id>;
  readonly #lifecycle: Lifecycle<Id>;
  readonly #reader: PacketReader<Id>;

  constructor(context: Context<Id>, lifecycle: Lifecycle<Id>) {
    this.#context = context;
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
    if (traits.address(header.src) === self.address) {
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

  /** Whether it is for this member. An announce may be for an older identity at this address. */
  #isAddressed({ dst, message }: Header<Id>): boolean {
    const { traits, self } = this.#context;
    return (
      this.#isSelf(dst) || (message.type === 'announce' && traits.address(dst) === self.address)
    );
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
    const standing = lifecycle.senderIsAlive(src, srcIncarnation);
    if (standing === 'refused') return;
    if (standing !== 'active') {
      counters.fromInactive++;
      lifecycle.onInactive(src, message, standing);
      return;
    }
    const { records, count, broadcasts } = this.#reader;
    this.#markGoodbye(records, count, src);
    lifecycle.updateAll(records, count, src);
    for (const broadcast of broadcasts) lifecycle.takeBroadcast(broadcast, src);
    lifecycle.settle();
    if (self.state !== 'defunct') lifecycle.onMessage(src, message);
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
