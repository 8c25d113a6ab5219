import type { Member, MemberState } from '@shoal/wire';
import type { QueueItem } from './dissemination.ts';
import type { Suspicion } from './suspicion.ts';
import type { Timer } from './timer-queue.ts';

/** What is known of the member at one address. Changed in place, and only by `ClusterView`. */
export class MemberEntry<Id> implements Timer, QueueItem {
  readonly address: string;
  id: Id;
  incarnation: number;
  state: MemberState = 'alive';
  suspector: string | undefined = undefined;
  left = false;

  /** Set while it is suspect and that has a deadline. */
  suspicion: Suspicion | undefined = undefined;
  /** Timer: the suspicion's end, or when a Down member is forgotten. */
  deadline = 0;
  heapIndex = -1;

  /** The record on the wire, made when it is first needed. */
  encoded: Uint8Array | undefined = undefined;
  /** Queued for dissemination, while level is 0 or more. */
  bytes: Uint8Array = NO_BYTES;
  level = -1;
  stamp = 0;
  previous: QueueItem | undefined = undefined;
  following: QueueItem | undefined = undefined;

  /** Its place in the dense set for its state. */
  place = -1;
  /** Its place in the probe order, while active. */
  turn = -1;

  constructor(address: string, id: Id, incarnation: number) {
    this.address = address;
    this.id = id;
    this.incarnation = incarnation;
  }

  get active(): boolean {
    return this.state !== 'down';
  }

  /** What others may keep. */
  snapshot(): Member<Id> {
    const { id, incarnation, state, suspector, left } = this;
    return {
      id,
      incarnation,
      state,
      ...(state === 'suspect' && suspector !== undefined ? { suspector } : {}),
      ...(left ? { left } : {}),
    };
  }
}

const NO_BYTES = new Uint8Array(0);

/** A random integer of 0..bound-1; `random` may be careless about its upper end. */
function randomBelow(bound: number, random: () => number): number {
  return Math.min(bound - 1, Math.floor(random() * bound));
}

/** Entries without gaps, so that any number of them can be drawn at random in O(that number). */
export class DenseSet<Id> implements Iterable<MemberEntry<Id>> {
  readonly #entries: MemberEntry<Id>[] = [];

  get size(): number {
    return this.#entries.length;
  }

  add(entry: MemberEntry<Id>): void {
    entry.place = this.#entries.length;
    this.#entries.push(entry);
  }

  remove(entry: MemberEntry<Id>): void {
    const last = this.#entries.pop()!;
    if (last !== entry) {
      this.#entries[entry.place] = last;
      last.place = entry.place;
    }
    entry.place = -1;
  }

  /**
   * The `i`-th of a fresh random order, for i = 0, 1, 2... below size, as far as it is wanted:
   * the steps of a Fisher-Yates shuffle.
   */
  draw(i: number, random: () => number): MemberEntry<Id> {
    const j = i + randomBelow(this.#entries.length - i, random);
    const drawn = this.#entries[j]!;
    const displaced = this.#entries[i]!;
    this.#entries[i] = drawn;
    drawn.place = i;
    this.#entries[j] = displaced;
    displaced.place = j;
    return drawn;
  }

  /** Up to `count` different random entries that `accept` takes. */
  choose(
    count: number,
    random: () => number,
    accept?: (entry: MemberEntry<Id>) => boolean,
  ): MemberEntry<Id>[] {
    const chosen: MemberEntry<Id>[] = [];
    for (let i = 0; i < this.#entries.length && chosen.length < count; i++) {
      const entry = this.draw(i, random);
      if (accept === undefined || accept(entry)) chosen.push(entry);
    }
    return chosen;
  }

  [Symbol.iterator](): Iterator<MemberEntry<Id>> {
    return this.#entries[Symbol.iterator]();
  }
}

/**
 * Who is probed next: a round-robin in which every lap has a new random order and a newcomer
 * gets a random place among those still to come. The lap is shuffled as it is walked, one step
 * of Fisher-Yates a turn, so that a turn is O(1) at its worst. Source: the SWIM paper, 4.3.
 */
export class ProbeOrder<Id> {
  /** Before the cursor: had their turn this lap. From it on: still to come. */
  readonly #entries: MemberEntry<Id>[] = [];
  #cursor = 0;

  add(entry: MemberEntry<Id>): void {
    this.#put(this.#entries.length, entry);
  }

  remove(entry: MemberEntry<Id>): void {
    let hole = entry.turn;
    entry.turn = -1;
    if (hole < this.#cursor) {
      this.#cursor--;
      if (hole !== this.#cursor) this.#put(hole, this.#entries[this.#cursor]!);
      hole = this.#cursor;
    }
    const last = this.#entries.pop()!;
    if (hole !== this.#entries.length) this.#put(hole, last);
  }

  next(random: () => number): MemberEntry<Id> | undefined {
    const { length } = this.#entries;
    if (length === 0) return undefined;
    if (this.#cursor === length) this.#cursor = 0;
    const at = this.#cursor + randomBelow(length - this.#cursor, random);
    const chosen = this.#entries[at]!;
    this.#put(at, this.#entries[this.#cursor]!);
    this.#put(this.#cursor, chosen);
    this.#cursor++;
    return chosen;
  }

  #put(at: number, entry: MemberEntry<Id>): void {
    this.#entries[at] = entry;
    entry.turn = at;
  }
}

/** All members by address, with what is needed to choose among them. */
export class MemberTable<Id> {
  /** Alive and suspect members. */
  readonly active: DenseSet<Id> = new DenseSet<Id>();
  /** Down members that did not leave of their own accord. */
  readonly failed: DenseSet<Id> = new DenseSet<Id>();
  /** Down members that left. */
  readonly departed: DenseSet<Id> = new DenseSet<Id>();
  readonly order: ProbeOrder<Id> = new ProbeOrder<Id>();
  readonly #byAddress = new Map<string, MemberEntry<Id>>();

  get size(): number {
    return this.#byAddress.size;
  }

  get(address: string): MemberEntry<Id> | undefined {
    return this.#byAddress.get(address);
  }

  /** Takes in an entry whose address is new, and whose state is set. */
  add(entry: MemberEntry<Id>): void {
    this.#byAddress.set(entry.address, entry);
    this.#file(entry);
  }

  remove(entry: MemberEntry<Id>): void {
    this.#unfile(entry);
    this.#byAddress.delete(entry.address);
  }

  /** Changes liveness, and keeps the sets in step. */
  move(entry: MemberEntry<Id>, state: MemberState, left: boolean): void {
    if (entry.active && state !== 'down') {
      entry.state = state;
      return;
    }
    this.#unfile(entry);
    entry.state = state;
    entry.left = left;
    this.#file(entry);
  }

  all(): IterableIterator<MemberEntry<Id>> {
    return this.#byAddress.values();
  }

  #file(entry: MemberEntry<Id>): void {
    this.#setOf(entry).add(entry);
    if (entry.active) this.order.add(entry);
  }

  #unfile(entry: MemberEntry<Id>): void {
    this.#setOf(entry).remove(entry);
    if (entry.active) this.order.remove(entry);
  }

  #setOf(entry: MemberEntry<Id>): DenseSet<Id> {
    if (entry.active) return this.active;
    return entry.left ? this.departed : this.failed;
  }
}
