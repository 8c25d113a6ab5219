import type { ByteWriter } from '@shoal/wire';
import { transmissionLimit } from '../config.ts';
import type { Context } from '../context.ts';
import { NONE } from '../members/address-book.ts';
import type { MemberCodec } from '../members/member-codec.ts';
import type { Slot } from '../members/member-rows.ts';
import type { MemberTable } from '../members/member-table.ts';
import { TransmissionQueue } from './transmission-queue.ts';

/** The owner of the update about this member itself. Other owners are slots. */
const SELF = -1;

/** Updates to spread: at most one about each member, and one about this member itself. */
export class UpdateQueue<Id> {
  /** The largest update that a packet can carry, in bytes. */
  maxUpdateSize = 0;
  readonly #context: Context<Id>;
  readonly #table: MemberTable<Id>;
  readonly #codec: MemberCodec<Id>;
  readonly #queue: TransmissionQueue = new TransmissionQueue({
    prefixed: false,
    onSpent: (owner) => {
      if (owner === SELF) this.#selfTicket = NONE;
      else this.#table.setTicket(owner, NONE);
    },
  });
  #selfTicket = NONE;

  constructor(context: Context<Id>, table: MemberTable<Id>, codec: MemberCodec<Id>) {
    this.#context = context;
    this.#table = table;
    this.#codec = codec;
  }

  /** How many updates are queued. */
  get length(): number {
    return this.#queue.length;
  }

  /** How often an update is sent in the current cluster. */
  get transmissions(): number {
    return transmissionLimit(this.#context.config, this.#table.active.size + 1);
  }

  /** Writes updates up to offset `end`, and returns how many. */
  fill(writer: ByteWriter, end: number): number {
    return this.#queue.fill(writer, end, this.transmissions);
  }

  /** Queues what is known about a member, in place of an older update. */
  add(slot: Slot): void {
    this.remove(slot);
    const { bytes, offset: size } = this.#codec.scratch(slot);
    if (size > this.maxUpdateSize) this.#context.counters.oversized++;
    else this.#table.setTicket(slot, this.#queue.add(slot, bytes, size));
  }

  /** Removes the update about a member, if one is queued. */
  remove(slot: Slot): void {
    const ticket = this.#table.ticket(slot);
    if (ticket === NONE) return;
    this.#queue.remove(ticket);
    this.#table.setTicket(slot, NONE);
  }

  /** Leaves out of the next packet the update about a member that is in it already. */
  skipNext(slot: Slot): void {
    const ticket = this.#table.ticket(slot);
    if (ticket !== NONE) this.#queue.skipNext(ticket);
  }

  /** Whether an update about this member itself is queued. */
  get hasSelf(): boolean {
    return this.#selfTicket !== NONE;
  }

  /**
   * Queues that this member is alive, in place of an older update. It also corrects what others
   * know about its older identities.
   */
  addSelf(): void {
    this.removeSelf();
    const { identity: id, incarnation } = this.#context.self;
    const bytes = this.#codec.encode({ id, incarnation, state: 'alive' });
    this.#selfTicket = this.#queue.add(SELF, bytes);
  }

  removeSelf(): void {
    if (this.#selfTicket !== NONE) this.#queue.remove(this.#selfTicket);
    this.#selfTicket = NONE;
  }
}
