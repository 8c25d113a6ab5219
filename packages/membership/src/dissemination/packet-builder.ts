import { ByteWriter, type Message, WireError } from '@shoal/wire';
import { payloadOf } from '@shoal/wire/internal';
import type { Context } from '../context.ts';
import { SwimError } from '../errors.ts';
import type { ClusterView } from '../members/cluster-view.ts';
import type { BroadcastQueue } from './broadcast-queue.ts';

/** Packets are cut from pieces of memory of about this many bytes. */
const MEMORY_PIECE = 8192;
const COUNT_SIZE = 2;
const MAX_COUNT = 0xffff;
/** After this many members that do not fit, a feed leaves the rest of the room empty. */
const MAX_MISFITS = 8;

/** Builds packets: the header, then as many updates and broadcasts as fit. */
export class PacketBuilder<Id> {
  readonly #context: Context<Id>;
  readonly #view: ClusterView<Id>;
  readonly #broadcasts: BroadcastQueue<Id>;
  readonly #writer: ByteWriter;
  #memory = new Uint8Array(0);
  /** How many active members the feed in progress has written. */
  #fed = 0;
  /** Whether the next packet reserves room for a broadcast. */
  #broadcastsFirst = false;

  constructor(context: Context<Id>, view: ClusterView<Id>, broadcasts: BroadcastQueue<Id>) {
    this.#context = context;
    this.#view = view;
    this.#broadcasts = broadcasts;
    this.#writer = new ByteWriter({ capacity: context.config.maxPacketSize, fixed: true });
  }

  /**
   * How many bytes of updates, or of one broadcast with its size, fit into a gossip packet from
   * `identity`. Throws `identity` if its header does not fit, or cannot be encoded.
   */
  roomFor(identity: Id): number {
    try {
      this.#begin(identity, this.#context.codec.maxIncarnation, identity, { type: 'gossip' });
    } catch (cause) {
      throw new SwimError('identity', 'cannot send from this identity', { cause });
    }
    return this.#context.config.maxPacketSize - this.#writer.offset - COUNT_SIZE;
  }

  /**
   * Builds a packet of at most `most` bytes, which the caller owns. `first`: an encoded update to put
   * before all others. Throws a WireError, with nothing changed, if the header does not fit.
   */
  build(to: Id, message: Message<Id>, first?: Uint8Array, most?: number): Uint8Array {
    const { identity, incarnation } = this.#context.self;
    const writer = this.#begin(identity, incarnation, to, message);
    const allowed = payloadOf(message.type);
    const end = Math.min(most ?? Number.POSITIVE_INFINITY, this.#context.config.maxPacketSize);
    if (writer.offset > end) throw new WireError('length', end, `a packet of ${end} bytes`);
    const attach = allowed.broadcasts && this.#attaches(to);
    if (allowed.members && end - writer.offset > COUNT_SIZE) {
      const countAt = writer.reserve(COUNT_SIZE);
      const roomEnd = end - (attach ? this.#reserved(end - writer.offset) : 0);
      const count = this.#fillMembers(to, message, first, roomEnd);
      writer.bytes[countAt] = count >>> 8;
      writer.bytes[countAt + 1] = count;
    }
    if (attach) this.#broadcasts.queue.fill(writer, end, this.#view.updates.transmissions);
    return this.#copy();
  }

  #begin(src: Id, srcIncarnation: number, dst: Id, message: Message<Id>): ByteWriter {
    const writer = this.#writer.reset();
    this.#context.codec.writeHeader(writer, { src, srcIncarnation, dst, message });
    return writer;
  }

  /** Copies what was written. Cutting the copy from a larger piece of memory is much faster. */
  #copy(): Uint8Array {
    const written = this.#writer.view();
    const { length } = written;
    if (length > this.#memory.length) this.#memory = new Uint8Array(MEMORY_PIECE + length);
    const copy = this.#memory.subarray(0, length);
    this.#memory = this.#memory.subarray(length);
    copy.set(written);
    return copy;
  }

  #attaches(to: Id): boolean {
    return this.#broadcasts.queue.length > 0 && this.#broadcasts.mayGoTo(to);
  }

  /**
   * The room that updates must leave for broadcasts, in bytes: in every other packet that of the
   * next broadcast, so that neither can keep the other from being sent.
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
    return count + this.#view.updates.fill(writer, end);
  }

  /** Starts a feed anew: its packets together hold each active member once. */
  beginFeed(): void {
    this.#fed = 0;
  }

  /** Whether the packets of the feed hold all active members. */
  get feedIsWhole(): boolean {
    return this.#fed >= this.#view.table.active.size;
  }

  /** Writes active members that the feed has not had yet, in random order, except the asker. */
  #fillFeed(to: Id, end: number): number {
    const { active } = this.#view.table;
    const asker = this.#view.table.slotOf(to);
    let count = 0;
    let misfits = 0;
    for (let i = this.#fed; i < active.size && misfits < MAX_MISFITS && count < MAX_COUNT; i++) {
      const slot = active.draw(i);
      if (slot !== asker) {
        if (!this.#view.codec.write(this.#writer, slot, end)) {
          misfits++;
          continue;
        }
        count++;
      }
      // What did not fit stays behind it, for the next packet.
      active.swap(i, this.#fed++);
    }
    return count;
  }
}
