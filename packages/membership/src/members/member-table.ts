import type { Member, MemberState } from '@shoal/wire';
import { type AddressBook, NONE } from './address-book.ts';
import {
  ALIVE,
  FAILED,
  INCARNATION,
  LEFT,
  MemberRows,
  PROVED,
  type Slot,
  STANDING,
  SUSPECT,
  TICKET,
  VACANT,
} from './member-rows.ts';
import { DenseSet, ProbeOrder } from './member-sets.ts';

/** There are so many more members than proved ones, and so many at least, in a flood. */
const FLOOD_RATIO = 4;
const FLOOD_LEAST = 64;

/** The state of each standing. */
const STATES: readonly MemberState[] = ['down', 'alive', 'suspect', 'down', 'down'];

/**
 * All other members by address, with sets to choose from. A member is identified by its slot, which
 * is the number of its address, and is stored as an identity and a row of small integers.
 */
export class MemberTable<Id> {
  readonly #rows = new MemberRows();
  /** Alive and suspect members. */
  readonly active: DenseSet;
  /** Down members that did not say goodbye. */
  readonly failed: DenseSet;
  /** Down members that left. */
  readonly departed: DenseSet;
  readonly #order: ProbeOrder;
  /** Active members that have answered at their addresses. */
  readonly #proved: ProbeOrder;
  #provedIsNext = false;
  readonly #random: () => number;
  readonly #book: AddressBook<Id>;
  readonly #address: (id: Id) => string;
  /** Identities that differ from those of the book, which other machines use. */
  readonly #own = new Map<Slot, Id>();

  constructor(address: (id: Id) => string, book: AddressBook<Id>, random: () => number) {
    this.#address = address;
    this.#book = book;
    this.#random = random;
    this.active = new DenseSet(this.#rows, random);
    this.failed = new DenseSet(this.#rows, random);
    this.departed = new DenseSet(this.#rows, random);
    this.#order = new ProbeOrder(this.#rows, random);
    this.#proved = new ProbeOrder(this.#rows, random, PROVED);
  }

  get size(): number {
    return this.active.size + this.failed.size + this.departed.size;
  }

  /** The slot of the member at an address; NONE if there is none. */
  find(address: string): Slot {
    const slot = this.#book.find(address);
    return slot < this.#rows.capacity && slot >= 0 && this.#standing(slot) !== VACANT ? slot : NONE;
  }

  /** The slot of the member at the address of `id`, whatever its identity; NONE if none. */
  slotOf(id: Id): Slot {
    return this.find(this.#address(id));
  }

  id(slot: Slot): Id {
    const own = this.#own.size > 0 ? this.#own.get(slot) : undefined;
    return own ?? this.#book.id(slot);
  }

  incarnation(slot: Slot): number {
    return this.#rows.get(slot, INCARNATION) >>> 0;
  }

  state(slot: Slot): MemberState {
    return STATES[this.#standing(slot)]!;
  }

  isActive(slot: Slot): boolean {
    const standing = this.#standing(slot);
    return standing === ALIVE || standing === SUSPECT;
  }

  /** Whether there is an active member at an address. */
  isActiveAt(address: string): boolean {
    const slot = this.find(address);
    return slot !== NONE && this.isActive(slot);
  }

  /** The member to probe next; undefined if there is none. */
  nextToProbe(): Slot | undefined {
    // A flood of made-up members must not keep the real ones from being probed.
    this.#provedIsNext = this.#isFlood && !this.#provedIsNext;
    return (this.#provedIsNext ? this.#proved.next() : undefined) ?? this.#order.next();
  }

  /**
   * The active members to choose from when something is told or asked; during a flood, half of the
   * time those that have proved their addresses. At random: gossip and requests to helpers take
   * turns, and would get the same half each.
   */
  get peers(): DenseSet {
    if (!this.#isFlood || this.#proved.size === 0) return this.active;
    return this.#random() < 0.5 ? this.#proved : this.active;
  }

  /** Whether most active members may be made up. */
  get #isFlood(): boolean {
    return this.#order.size > FLOOD_RATIO * this.#proved.size + FLOOD_LEAST;
  }

  /** Whether this member has answered at its address, since it was last down. */
  isProved(slot: Slot): boolean {
    return this.#rows.get(slot, PROVED) !== NONE;
  }

  /** Takes note that a member has answered at its address. */
  prove(slot: Slot): void {
    if (this.isActive(slot) && !this.isProved(slot)) this.#proved.add(slot);
  }

  hasLeft(slot: Slot): boolean {
    return this.#standing(slot) === LEFT;
  }

  /** The ticket of its queued update; NONE if none is queued. */
  ticket(slot: Slot): number {
    return this.#rows.get(slot, TICKET);
  }

  setTicket(slot: Slot, ticket: number): void {
    this.#rows.set(slot, TICKET, ticket);
  }

  /** Adds a member whose address is new. */
  add(member: Member<Id>): Slot {
    const slot = this.#book.claim(this.#address(member.id), member.id);
    if (slot >= this.#rows.capacity) this.#rows.grow(this.#book.size);
    this.#rows.set(slot, TICKET, NONE);
    this.#rows.set(slot, PROVED, NONE);
    this.#write(slot, member);
    this.#enter(slot);
    return slot;
  }

  /** Changes the state or the identity of a member, and keeps the sets up to date. */
  change(slot: Slot, member: Member<Id>): void {
    const stays = this.isActive(slot) && member.state !== 'down';
    if (!stays) this.#exit(slot);
    this.#write(slot, member);
    if (!stays) this.#enter(slot);
  }

  remove(slot: Slot): void {
    this.#exit(slot);
    this.#rows.set(slot, STANDING, VACANT);
    this.#book.release(this.#address(this.id(slot)));
    this.#own.delete(slot);
  }

  *all(): IterableIterator<Slot> {
    yield* this.active;
    yield* this.failed;
    yield* this.departed;
  }

  #standing(slot: Slot): number {
    return this.#rows.get(slot, STANDING);
  }

  #enter(slot: Slot): void {
    this.#setOf(slot).add(slot);
    if (this.isActive(slot)) this.#order.add(slot);
  }

  #exit(slot: Slot): void {
    this.#setOf(slot).remove(slot);
    if (!this.isActive(slot)) return;
    this.#order.remove(slot);
    if (!this.isProved(slot)) return;
    this.#proved.remove(slot);
    this.#rows.set(slot, PROVED, NONE);
  }

  #setOf(slot: Slot): DenseSet {
    const standing = this.#standing(slot);
    if (standing === FAILED) return this.failed;
    return standing === LEFT ? this.departed : this.active;
  }

  #write(slot: Slot, member: Member<Id>): void {
    const { id } = member;
    this.#rows.set(slot, INCARNATION, member.incarnation);
    this.#rows.set(slot, STANDING, standingOf(member));
    this.#own.delete(slot);
    if (this.#book.id(slot) !== id && !this.#book.setId(slot, id)) this.#own.set(slot, id);
  }
}

function standingOf(member: Member<unknown>): number {
  if (member.state === 'alive') return ALIVE;
  if (member.state === 'suspect') return SUSPECT;
  return member.left ? LEFT : FAILED;
}
