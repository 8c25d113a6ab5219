import type { Member, MemberState } from '@shoal/wire';
import type { Context } from '../context.ts';
import { News } from '../dissemination/update-queue.ts';
import { type AddressBook, NONE } from './address-book.ts';
import { MemberCodec } from './member-codec.ts';
import type { Slot } from './member-rows.ts';
import { MemberTable } from './member-table.ts';
import type { MemberTimer } from './member-timer.ts';
import { Suspicions } from './suspicions.ts';
import { beats } from './transitions.ts';

/** The identity in question, once an update about it was looked at. */
export type Standing =
  | 'active'
  | 'down'
  /** Another identity holds its address, and wins. */
  | 'superseded'
  /** It is not known, and there is no room. */
  | 'refused';

/**
 * What we believe of the others: takes updates in, keeps suspicions and their deadlines, and
 * queues what is news. It knows nothing of ourselves.
 */
export class ClusterView<Id> {
  readonly table: MemberTable<Id>;
  readonly codec: MemberCodec<Id>;
  readonly news: News<Id>;
  readonly suspicions: Suspicions<Id>;
  readonly #context: Context<Id>;

  constructor(context: Context<Id>, book: AddressBook<Id>) {
    this.#context = context;
    this.table = new MemberTable(context.traits.address, book, context.random);
    this.suspicions = new Suspicions(context);
    this.codec = new MemberCodec(context, this.table, this.suspicions);
    this.news = new News(context, this.table, this.codec);
  }

  /** The number of live members, ourselves included. */
  get size(): number {
    return this.table.active.size + 1;
  }

  /** The slot of exactly this identity; NONE if it has none. */
  find(id: Id): Slot {
    const slot = this.table.slotOf(id);
    return slot !== NONE && this.#same(this.table.id(slot), id) ? slot : NONE;
  }

  /** A member as others may keep it. */
  snapshot(slot: Slot): Member<Id> {
    return snapshotOf(this.codec.record(slot));
  }

  /** Takes in an update about another address than ours. `spread`: passes it on if it is news. */
  apply(update: Member<Id>, spread: boolean): Standing {
    return this.applyAt(this.table.slotOf(update.id), update, spread);
  }

  /** The same, where `slot` is that of the update's address. */
  applyAt(slot: Slot, update: Member<Id>, spread: boolean): Standing {
    const { table } = this;
    if (slot === NONE) {
      if (!this.#makeRoom()) return 'refused';
      const added = table.add(update);
      this.#enter(added, 'down', update, spread);
      return table.isActive(added) ? 'active' : 'down';
    }
    const id = table.id(slot);
    const state = table.state(slot);
    const incarnation = table.incarnation(slot);
    if (!this.#same(id, update.id)) {
      if (!this.#context.traits.wins(update.id, id)) return 'superseded';
      table.change(slot, update);
      const member = snapshotOf(update);
      this.#context.outputs.push({ type: 'memberUpdated', member, previous: id });
      this.#enter(slot, state, update, spread);
    } else if (beats(state, incarnation, update.state, update.incarnation)) {
      // Of equal identities the first one stays: metadata is not news without a generation.
      const news = { ...update, id };
      table.change(slot, news);
      this.#enter(slot, state, news, spread);
      if (state === 'suspect' && news.state === 'alive') this.#emit('memberRefuted', news);
    } else if (
      update.state === 'suspect' &&
      state === 'suspect' &&
      update.incarnation === incarnation
    ) {
      this.#confirm(slot, update.suspector, spread);
    }
    return table.isActive(slot) ? 'active' : 'down';
  }

  /** Our own probe of the member has failed, which was begun at this incarnation. */
  suspect(slot: Slot, incarnation: number): void {
    const { self, lifeguard } = this.#context;
    const { table } = this;
    const suspector = lifeguard ? self.address : undefined;
    const id = table.id(slot);
    this.applyAt(slot, { id, incarnation, state: 'suspect', suspector }, true);
    if (table.state(slot) !== 'suspect' || table.incarnation(slot) !== incarnation) return;
    // Without Lifeguard, or after our identity changed, it may have been suspect with no end.
    const member = this.suspicions.get(slot)!;
    if (!member.suspicion) this.suspicions.start(member, incarnation, this.size);
  }

  /** The end of a suspicion, or of the memory of a Down member. Returns who is now Down. */
  expire({ slot, suspicion }: MemberTimer): Id | undefined {
    const { table } = this;
    if (!table.isActive(slot)) {
      this.#forget(slot);
      return undefined;
    }
    const incarnation = table.incarnation(slot);
    if (suspicion?.incarnation !== incarnation) return undefined;
    const id = table.id(slot);
    this.applyAt(slot, { id, incarnation, state: 'down' }, true);
    return id;
  }

  /** Makes `address` unknown, if nobody active has it. */
  vacate(address: string): void {
    const slot = this.table.find(address);
    if (slot !== NONE && !this.table.isActive(slot)) this.#forget(slot);
  }

  #same(a: Id, b: Id): boolean {
    return a === b || this.#context.traits.equals(a, b);
  }

  #emit(type: 'memberUp' | 'memberSuspected' | 'memberRefuted', update: Member<Id>): void {
    this.#context.outputs.push({ type, member: snapshotOf(update) });
  }

  /**
   * What follows from having changed from one state, Down if it was unknown, to another: events,
   * a deadline, and news to be spread.
   */
  #enter(slot: Slot, before: MemberState, update: Member<Id>, spread: boolean): void {
    const { lifeguard, counters, outputs } = this.#context;
    if (before === 'down' && update.state !== 'down') this.#emit('memberUp', update);
    if (before !== 'down' && update.state === 'down') {
      const reason = update.left ? 'left' : 'failed';
      outputs.push({ type: 'memberDown', member: snapshotOf(update), reason });
    }
    this.suspicions.clear(slot);
    if (update.state === 'down') {
      this.suspicions.bury(slot);
    } else if (update.state === 'suspect') {
      counters.suspicions++;
      const member = this.suspicions.add(slot, update.suspector);
      if (lifeguard) this.suspicions.start(member, update.incarnation, this.size);
      this.#emit('memberSuspected', update);
    }
    if (spread) this.news.add(slot);
    else this.news.remove(slot);
  }

  #confirm(slot: Slot, suspector: string | undefined, spread: boolean): void {
    const { self, traits } = this.#context;
    const member = this.suspicions.get(slot);
    if (!member?.suspicion || suspector === undefined) return;
    if (suspector === traits.address(this.table.id(slot))) return;
    // Who is no member cannot hurry a suspicion, or anyone could with made-up names.
    if (suspector !== self.address && !this.table.isActiveAt(suspector)) return;
    if (this.suspicions.confirm(member, suspector) && spread) this.news.add(slot);
  }

  /**
   * Sees to it that there is room for another: forgets the Down member that is of least use, one
   * that left, else one that failed. False if there is none.
   */
  #makeRoom(): boolean {
    const { size, departed, failed } = this.table;
    const { config, counters } = this.#context;
    if (size < config.maxMembers) return true;
    const from = departed.size > 0 ? departed : failed;
    if (from.size === 0) {
      counters.membersRefused++;
      return false;
    }
    this.#forget(from.draw(0));
    return true;
  }

  #forget(slot: Slot): void {
    this.suspicions.clear(slot);
    this.news.remove(slot);
    this.table.remove(slot);
  }
}

/** What an update says, as others may keep it: its record may be another's soon. */
function snapshotOf<Id>({ id, incarnation, state, suspector, left }: Member<Id>): Member<Id> {
  if (state === 'suspect' && suspector !== undefined) return { id, incarnation, state, suspector };
  if (state === 'down' && left) return { id, incarnation, state, left };
  return { id, incarnation, state };
}
