import type { ByteWriter } from '@shoal/wire';
import { transmissionLimit } from '../config.ts';
import type { Context } from '../context.ts';
import { NONE } from '../members/address-book.ts';
import type { MemberCodec } from '../members/member-codec.ts';
import type { Slot } from '../members/member-rows.ts';
import type { MemberTable } from '../members/member-table.ts';
import { TransmissionQueue } from './transmission-queue.ts';

/** Whose news is queued: that of the member in a slot, or our own. */
const OURSELVES = -1;

/** Updates to be spread: each member's at most once, and our own. */
export class News<Id> {
  /** The longest update, in bytes, that a packet of ours can carry. */
  maxUpdateSize = 0;
  readonly #context: Context<Id>;
  readonly #table: MemberTable<Id>;
  readonly #codec: MemberCodec<Id>;
  readonly #queue: TransmissionQueue = new TransmissionQueue(0, (owner) => {
    if (owner === OURSELVES) this.#ourTicket = NONE;
    else this.#table.setTicket(owner, NONE);
  });
  #ourTicket = NONE;

  constructor(context: Context<Id>, table: MemberTable<Id>, codec: MemberCodec<Id>) {
    this.#context = context;
    this.#table = table;
    this.#codec = codec;
  }

  /** How many updates are queued. */
  get length(): number {
    return this.#queue.length;
  }

  /** How often an update is sent at the most, now. */
  get transmissions(): number {
    return transmissionLimit(this.#context.config, this.#table.active.size + 1);
  }

  /** Writes updates up to offset `end`, and returns how many. */
  fill(writer: ByteWriter, end: number): number {
    return this.#queue.fill(writer, end, this.transmissions);
  }

  /** Queues what is known of the member, in place of what was queued before. */
  add(slot: Slot): void {
    this.remove(slot);
    const { bytes, offset: size } = this.#codec.scratch(slot);
    if (size > this.maxUpdateSize) this.#context.counters.oversized++;
    else this.#table.setTicket(slot, this.#queue.add(slot, bytes, size));
  }

  /** What is queued of the member is no news any more. */
  remove(slot: Slot): void {
    const ticket = this.#table.ticket(slot);
    if (ticket === NONE) return;
    this.#queue.remove(ticket);
    this.#table.setTicket(slot, NONE);
  }

  /** The next packet has the member's news already. */
  skipNext(slot: Slot): void {
    const ticket = this.#table.ticket(slot);
    if (ticket !== NONE) this.#queue.skipNext(ticket);
  }

  /** Whether news of ourselves is queued. */
  get hasOurs(): boolean {
    return this.#ourTicket !== NONE;
  }

  /**
   * Queues that we are alive, in place of what was queued before; it corrects what is held of older
   * identities of ours, too.
   */
  addOurs(): void {
    this.removeOurs();
    const { identity: id, incarnation } = this.#context.self;
    const bytes = this.#codec.encode({ id, incarnation, state: 'alive' });
    this.#ourTicket = this.#queue.add(OURSELVES, bytes);
  }

  removeOurs(): void {
    if (this.#ourTicket !== NONE) this.#queue.remove(this.#ourTicket);
    this.#ourTicket = NONE;
  }
}
