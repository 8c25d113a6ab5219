import { ByteWriter, type Message } from '@shoal/wire';
import { payloadOf } from '@shoal/wire/internal';
import type { Context } from '../context.ts';
import { SwimError } from '../errors.ts';
import type { ClusterView } from '../members/cluster-view.ts';
import type { BroadcastQueue } from './broadcast-queue.ts';

/** Memory for packets is taken in pieces of about so many bytes. */
const SPARE = 8192;
const COUNT_SIZE = 2;
const MAX_COUNT = 0xffff;
/** A feed tries this many members that do not fit before it lets the rest of the room be. */
const MAX_MISFITS = 8;

/** Puts packets together: the header, then as much as fits of what is to be spread. */
export class PacketBuilder<Id> {
  readonly #context: Context<Id>;
  readonly #view: ClusterView<Id>;
  readonly #broadcasts: BroadcastQueue<Id>;
  readonly #writer: ByteWriter;
  #spare = new Uint8Array(0);
  /** Whose turn it is to be sure of room: broadcasts or members. */
  #broadcastsFirst = false;

  constructor(context: Context<Id>, view: ClusterView<Id>, broadcasts: BroadcastQueue<Id>) {
    this.#context = context;
    this.#view = view;
    this.#broadcasts = broadcasts;
    this.#writer = new ByteWriter({ capacity: context.config.maxPacketSize, fixed: true });
  }

  /**
   * How many bytes of updates, or of one broadcast with its length, a gossip can carry that
   * comes from `identity`. Throws `identity` when not even its header fits, or can be encoded.
   */
  roomFor(identity: Id): number {
    try {
      this.#begin(identity, this.#context.codec.maxIncarnation, identity, { type: 'gossip' });
    } catch (cause) {
      throw new SwimError('identity', 'the identity cannot be sent', { cause });
    }
    return this.#context.config.maxPacketSize - this.#writer.offset - COUNT_SIZE;
  }

  /**
   * One packet, whose bytes are the taker's. `first`: updates to be put before all others.
   * Throws a WireError, with nothing changed, when the header does not fit.
   */
  build(to: Id, message: Message<Id>, first?: Uint8Array): Uint8Array {
    const { identity, incarnation } = this.#context.self;
    const writer = this.#begin(identity, incarnation, to, message);
    const allowed = payloadOf(message.type);
    const end = this.#context.config.maxPacketSize;
    const attach = allowed.broadcasts && this.#attaches(to);
    if (allowed.members && end - writer.offset > COUNT_SIZE) {
      const countAt = writer.reserve(COUNT_SIZE);
      const roomEnd = end - (attach ? this.#reserved(end - writer.offset) : 0);
      const count = this.#fillMembers(to, message, first, roomEnd);
      writer.bytes[countAt] = count >>> 8;
      writer.bytes[countAt + 1] = count;
    }
    if (attach) this.#broadcasts.queue.fill(writer, end, this.#view.news.transmissions);
    return this.#taken();
  }

  #begin(src: Id, srcIncarnation: number, dst: Id, message: Message<Id>): ByteWriter {
    const writer = this.#writer.reset();
    this.#context.codec.writeHeader(writer, { src, srcIncarnation, dst, message });
    return writer;
  }

  /** A copy of what was written. Its memory is cut from a larger piece, which is much faster. */
  #taken(): Uint8Array {
    const written = this.#writer.view();
    if (written.length > this.#spare.length) this.#spare = new Uint8Array(SPARE + written.length);
    const taken = this.#spare.subarray(0, written.length);
    this.#spare = this.#spare.subarray(written.length);
    taken.set(written);
    return taken;
  }

  #attaches(to: Id): boolean {
    return this.#broadcasts.queue.length > 0 && this.#broadcasts.mayGoTo(to);
  }

  /**
   * What members must leave to broadcasts: every other time as much as the next one takes, so
   * that neither can keep the other from being sent.
   */
  #reserved(room: number): number {
    this.#broadcastsFirst = !this.#broadcastsFirst;
    const size = this.#broadcasts.queue.nextSize;
    return this.#broadcastsFirst && size <= room ? size : 0;
  }

  #fillMembers(to: Id, message: Message<Id>, first: Uint8Array | undefined, end: number): number {
    const writer = this.#writer;
    let count = 0;
    if (first !== undefined && first.length <= end - writer.offset) {
      writer.raw(first);
      count++;
    }
    if (message.type === 'feed') return count + this.#fillFeed(to, end);
    return count + this.#view.news.fill(writer, end);
  }

  /** Active members in a fresh random order, but for the asker. */
  #fillFeed(to: Id, end: number): number {
    const { active } = this.#view.table;
    const asker = this.#view.table.slotOf(to);
    let count = 0;
    let misfits = 0;
    for (let i = 0; i < active.size && misfits < MAX_MISFITS && count < MAX_COUNT; i++) {
      const slot = active.draw(i);
      if (slot === asker) continue;
      if (this.#view.codec.write(this.#writer, slot, end)) count++;
      else misfits++;
    }
    return count;
  }
}
