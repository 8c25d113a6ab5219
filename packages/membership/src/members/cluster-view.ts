import type { Member, MemberState } from '@shoal/wire';
import type { Context } from '../context.ts';
import { type Rank, UpdateQueue } from '../dissemination/update-queue.ts';
import { type AddressBook, NONE } from './address-book.ts';
import { MemberCodec } from './member-codec.ts';
import type { Slot } from './member-rows.ts';
import { MemberTable } from './member-table.ts';
import type { MemberTimer } from './member-timer.ts';
import { NewcomerRate } from './newcomer-rate.ts';
import { Newcomers } from './newcomers.ts';
import { Suspicions } from './suspicions.ts';
import { beats } from './transitions.ts';

/** What became of the identity that an update is about. */
export type Standing =
  | 'active'
  | 'down'
  /** Another identity holds its address, and wins. */
  | 'superseded'
  /** It is unknown, and there is no room for it. */
  | 'refused';

/** Whether to pass on to other members what is new in an update. */
export type Spread = 'spread' | 'keep';

/** A change of what is known about a member. */
interface Change<Id> {
  /** Its state before; Down if it was unknown. */
  readonly before: MemberState;
  readonly update: Member<Id>;
  readonly spread: Spread;
  readonly rank: Rank;
  /** The identity that this one replaces. */
  readonly previous?: Id;
}

/**
 * What this member believes about the others: applies updates, keeps suspicions with their
 * deadlines, and queues what is new. It knows nothing about this member itself.
 */
export class ClusterView<Id> {
  readonly table: MemberTable<Id>;
  readonly codec: MemberCodec<Id>;
  readonly updates: UpdateQueue<Id>;
  readonly suspicions: Suspicions<Id>;
  readonly #context: Context<Id>;
  readonly #rate: NewcomerRate;
  readonly #newcomers = new Newcomers();
  /** Reused for the members of each packet. */
  readonly #slots: Slot[] = [];

  constructor(context: Context<Id>, book: AddressBook<Id>) {
    this.#context = context;
    this.#rate = new NewcomerRate(context.config.newcomersPerSecond);
    this.table = new MemberTable(context.traits.address, book, context.random);
    this.suspicions = new Suspicions(context);
    this.codec = new MemberCodec(context, this.table, this.suspicions);
    this.updates = new UpdateQueue(context, this.table, this.codec);
  }

  /** The number of active members, this one included. */
  get size(): number {
    return this.table.active.size + 1;
  }

  /** The slot of exactly this identity; NONE if it has none. */
  find(id: Id): Slot {
    const slot = this.table.slotOf(id);
    return slot !== NONE && this.#same(this.table.id(slot), id) ? slot : NONE;
  }

  /** Whether a member came up so recently that it may not know all others. */
  isNewcomer(id: Id): boolean {
    return this.#newcomers.has(this.find(id), this.#context.clock.now);
  }

  /** Whether exactly this identity has answered at its address. */
  isProved(id: Id): boolean {
    const slot = this.find(id);
    return slot !== NONE && this.table.isProved(slot);
  }

  /** A copy of what is known about a member. */
  snapshot(slot: Slot): Member<Id> {
    return snapshotOf(this.codec.record(slot));
  }

  /** Applies an update about an address other than this member's own. */
  apply(update: Member<Id>, spread: Spread): Standing {
    return this.applyAt(this.table.slotOf(update.id), update, spread);
  }

  /**
   * Applies the first `count` updates of a packet, in order. Updates about addresses without a
   * member, which may be this member's own, go to `applyOther`.
   */
  applyAll(
    updates: readonly Member<Id>[],
    count: number,
    applyOther: (update: Member<Id>) => void,
  ): void {
    const slots = this.#slots;
    // Look all members up before the first is changed: the processor then loads several at once.
    for (let i = 0; i < count; i++) slots[i] = this.table.slotOf(updates[i]!.id);
    // The slots hold until `applyOther` adds or removes a member.
    let valid = true;
    for (let i = 0; i < count; i++) {
      valid &&= slots[i] !== NONE;
      if (valid) this.applyAt(slots[i]!, updates[i]!, 'spread');
      else applyOther(updates[i]!);
    }
  }

  /** As {@link apply}, for the slot of the update's address. */
  applyAt(slot: Slot, update: Member<Id>, spread: Spread): Standing {
    const { table } = this;
    if (slot === NONE) {
      if (!this.#admits(update) || !this.#makeRoom()) return 'refused';
      const added = table.add(update);
      this.#enter(added, { before: 'down', update, spread, rank: 'rest' });
      return table.isActive(added) ? 'active' : 'down';
    }
    const id = table.id(slot);
    const state = table.state(slot);
    const incarnation = table.incarnation(slot);
    const rank = this.#rank(slot);
    if (!this.#same(id, update.id)) {
      if (!this.#context.traits.wins(update.id, id)) return 'superseded';
      table.change(slot, update);
      this.#enter(slot, { before: state, update, spread, rank, previous: id });
    } else if (beats(state, incarnation, update.state, update.incarnation)) {
      // The first of equal identities stays: metadata changes only with the generation.
      const changed = { ...update, id };
      table.change(slot, changed);
      this.#enter(slot, { before: state, update: changed, spread, rank });
      if (state === 'suspect' && changed.state === 'alive') this.#report('memberRefuted', changed);
    } else if (state === 'down' && update.left && !table.hasLeft(slot)) {
      // It said goodbye where this member could not hear it. When it is forgotten stays as it is.
      table.change(slot, { ...update, id, state });
      if (spread === 'spread') this.updates.add(slot, rank);
    } else if (
      update.state === 'suspect' &&
      state === 'suspect' &&
      update.incarnation === incarnation
    ) {
      this.#addSuspector(slot, update.suspector, spread);
    }
    return table.isActive(slot) ? 'active' : 'down';
  }

  /** Suspects a member after a failed probe, which began when it had this incarnation. */
  suspect(slot: Slot, incarnation: number): void {
    const { self, lifeguard } = this.#context;
    const { table } = this;
    const suspector = lifeguard ? self.address : undefined;
    const id = table.id(slot);
    this.applyAt(slot, { id, incarnation, state: 'suspect', suspector }, 'spread');
    if (table.state(slot) !== 'suspect' || table.incarnation(slot) !== incarnation) return;
    // Without Lifeguard, or after this member changed its identity, it may be suspect indefinitely.
    const member = this.suspicions.get(slot)!;
    if (!member.suspicion) this.suspicions.start(member, incarnation, this.size);
  }

  /**
   * A member's timer has come due: a suspicion ends, or a Down member is forgotten. Returns the
   * member that is Down because of it, if one is.
   */
  expire({ slot, suspicion }: MemberTimer): Id | undefined {
    const { table } = this;
    if (!table.isActive(slot)) {
      this.#forget(slot);
      return undefined;
    }
    const incarnation = table.incarnation(slot);
    if (suspicion?.incarnation !== incarnation) return undefined;
    const id = table.id(slot);
    this.applyAt(slot, { id, incarnation, state: 'down' }, 'spread');
    return id;
  }

  /** Forgets the member at `address` unless it is active. */
  vacate(address: string): void {
    const slot = this.table.find(address);
    if (slot !== NONE && !this.table.isActive(slot)) this.#forget(slot);
  }

  #same(a: Id, b: Id): boolean {
    return a === b || this.#context.traits.equals(a, b);
  }

  #report(type: 'memberSuspected' | 'memberRefuted', update: Member<Id>): void {
    this.#context.outputs.push({ type, member: snapshotOf(update) });
  }

  /** Reports a member that came up, went down, or has another identity. */
  #reportLife(before: MemberState, update: Member<Id>, previous: Id | undefined): void {
    const { outputs } = this.#context;
    const was = previous === undefined ? {} : { previous };
    const member = snapshotOf(update);
    if (update.state === 'down') {
      // A member that was down and still is has not changed.
      if (before === 'down') return;
      outputs.push({ type: 'memberDown', member, reason: update.left ? 'left' : 'failed', ...was });
    } else if (before === 'down') outputs.push({ type: 'memberUp', member, ...was });
    else if (previous !== undefined) outputs.push({ type: 'memberUpdated', member, previous });
  }

  /** News of a member that has proved its address goes first, also that it is down. */
  #rank(slot: Slot): Rank {
    return this.table.isProved(slot) ? 'first' : 'rest';
  }

  /**
   * Completes a change of state: reports it, sets the deadline of the new state, and queues the
   * update.
   */
  #enter(slot: Slot, { before, update, spread, rank, previous }: Change<Id>): void {
    const { lifeguard, counters, clock } = this.#context;
    if (before === 'down' && update.state !== 'down') this.#newcomers.add(slot, clock.now);
    this.#reportLife(before, update, previous);
    this.suspicions.clear(slot);
    if (update.state === 'down') {
      this.suspicions.bury(slot);
    } else if (update.state === 'suspect') {
      counters.suspicions++;
      const member = this.suspicions.add(slot, update.suspector);
      if (lifeguard) this.suspicions.start(member, update.incarnation, this.size);
      this.#report('memberSuspected', update);
    }
    if (spread === 'spread') this.updates.add(slot, rank);
    else this.updates.remove(slot);
  }

  #addSuspector(slot: Slot, suspector: string | undefined, spread: Spread): void {
    const { self, traits } = this.#context;
    const member = this.suspicions.get(slot);
    if (!member?.suspicion || suspector === undefined) return;
    if (suspector === traits.address(this.table.id(slot))) return;
    // Only members may shorten a suspicion; otherwise made-up names could.
    if (suspector !== self.address && !this.table.isActiveAt(suspector)) return;
    const added = this.suspicions.addSuspector(member, suspector);
    if (added && spread === 'spread') this.updates.add(slot, this.#rank(slot));
  }

  /** Whether to take in a member that is unknown. */
  #admits(update: Member<Id>): boolean {
    const { admit, clock, counters } = this.#context;
    const isRefused = update.state !== 'down' && admit?.(snapshotOf(update)) === false;
    if (!isRefused && this.#rate.take(clock.now)) return true;
    counters.membersRefused++;
    return false;
  }

  /**
   * Makes room for another member: forgets a Down member, one that left before one that failed.
   * Returns false if no member is Down.
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
    this.updates.remove(slot);
    this.table.remove(slot);
  }
}

/** A copy of an update that may be kept: the update's record is reused. */
function snapshotOf<Id>({ id, incarnation, state, suspector, left }: Member<Id>): Member<Id> {
  if (state === 'suspect' && suspector !== undefined) return { id, incarnation, state, suspector };
  if (state === 'down' && left) return { id, incarnation, state, left };
  return { id, incarnation, state };
}
