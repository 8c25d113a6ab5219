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

/** Which updates go first. */
export type Rank = 'first' | 'rest';

/** Updates to spread: at most one about each member, and one about this member itself. */
export class UpdateQueue<Id> {
  /** The largest update that a packet can carry, in bytes. */
  maxUpdateSize = 0;
  readonly #context: Context<Id>;
  readonly #table: MemberTable<Id>;
  readonly #codec: MemberCodec<Id>;
  /** About members that have proved their addresses, and about this member itself. */
  readonly #first = this.#newQueue();
  /** About all others. Made-up members must not hold up news of real ones. */
  readonly #rest = this.#newQueue();
  #selfTicket = NONE;

  constructor(context: Context<Id>, table: MemberTable<Id>, codec: MemberCodec<Id>) {
    this.#context = context;
    this.#table = table;
    this.#codec = codec;
  }

  /** How many updates are queued. */
  get length(): number {
    return this.#first.length + this.#rest.length;
  }

  /** How often an update is sent in the current cluster. */
  get transmissions(): number {
    return transmissionLimit(this.#context.config, this.#table.active.size + 1);
  }

  /** Writes updates up to offset `end`, and returns how many. */
  fill(writer: ByteWriter, end: number): number {
    const { transmissions } = this;
    return (
      this.#first.fill(writer, end, transmissions) + this.#rest.fill(writer, end, transmissions)
    );
  }

  /**
   * Queues what is known about a member, in place of an older update. `rank`: `first` if the member
   * has proved its address, even if it is down by now.
   */
  add(slot: Slot, rank: Rank): void {
    this.remove(slot);
    const { bytes, offset: size } = this.#codec.scratch(slot);
    if (size > this.maxUpdateSize) this.#context.counters.oversized++;
    else if (rank === 'first') this.#table.setTicket(slot, this.#first.add(slot, bytes, size) * 2);
    else this.#table.setTicket(slot, this.#rest.add(slot, bytes, size) * 2 + 1);
  }

  /** Removes the update about a member, if one is queued. */
  remove(slot: Slot): void {
    const ticket = this.#table.ticket(slot);
    if (ticket === NONE) return;
    this.#queueOf(ticket).remove(ticket >> 1);
    this.#table.setTicket(slot, NONE);
  }

  /** Leaves out of the next packet the update about a member that is in it already. */
  skipNext(slot: Slot): void {
    const ticket = this.#table.ticket(slot);
    if (ticket !== NONE) this.#queueOf(ticket).skipNext(ticket >> 1);
  }

  /** The lowest bit of a member's ticket says which queue it is for. */
  #queueOf(ticket: number): TransmissionQueue {
    return ticket & 1 ? this.#rest : this.#first;
  }

  #newQueue(): TransmissionQueue {
    return new TransmissionQueue({
      prefixed: false,
      onSpent: (owner) => {
        if (owner === SELF) this.#selfTicket = NONE;
        else this.#table.setTicket(owner, NONE);
      },
    });
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
    this.#selfTicket = this.#first.add(SELF, bytes);
  }

  removeSelf(): void {
    if (this.#selfTicket !== NONE) this.#first.remove(this.#selfTicket);
    this.#selfTicket = NONE;
  }
}
