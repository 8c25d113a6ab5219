/** The number of a member in its table. It is reused once the member is forgotten. */
export type Slot = number;

/** How many numbers are kept for each member, one after the other. */
const WIDTH = 6;
/** Columns of a row. */
export const INCARNATION = 0;
/** One of the standings below. */
export const STANDING = 1;
/** Its place in the dense set for its standing. */
export const PLACE = 2;
/** Its place in the probe order, while active. */
export const TURN = 3;
/** Its place among the proved members; NONE if it is not proved. */
export const PROVED = 5;
/** Its update in the update queue; NONE if none is queued. */
export const TICKET = 4;

/** The standing of a slot without a member. */
export const VACANT = 0;
export const ALIVE = 1;
export const SUSPECT = 2;
export const FAILED = 3;
export const LEFT = 4;

/**
 * The numbers of all members in one array of integers: 24 bytes for each member, where an object
 * would take several times as much and add to the work of the garbage collector.
 */
export class MemberRows {
  #numbers = new Int32Array(0);

  get capacity(): number {
    return this.#numbers.length / WIDTH;
  }

  get(slot: Slot, column: number): number {
    return this.#numbers[slot * WIDTH + column]!;
  }

  set(slot: Slot, column: number, value: number): void {
    this.#numbers[slot * WIDTH + column] = value;
  }

  /** Makes room for this many members, and an eighth more. */
  grow(members: number): void {
    const numbers = new Int32Array((members + (members >> 3) + 8) * WIDTH);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
  }
}
