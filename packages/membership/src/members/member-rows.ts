/** The number of a member in its table. It may be another's once the member is forgotten. */
export type Slot = number;

/** What is kept of each member: so many numbers, one after the other. */
const WIDTH = 5;
/** Where they are in a row. */
export const INCARNATION = 0;
/** One of the standings below. */
export const STANDING = 1;
/** Its place in the dense set for its standing. */
export const PLACE = 2;
/** Its place in the probe order, while active. */
export const TURN = 3;
/** Its news in the queue for dissemination; -1 for none. */
export const TICKET = 4;

/** The standing of a slot that nobody has. */
export const VACANT = 0;
export const ALIVE = 1;
export const SUSPECT = 2;
export const FAILED = 3;
export const LEFT = 4;

/**
 * The members' numbers in one array of integers: 20 bytes a member, next to each other, in place
 * of an object that is several times as large and another burden to the garbage collector.
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

  /** Makes room for so many members, and an eighth more. */
  grow(members: number): void {
    const numbers = new Int32Array((members + (members >> 3) + 8) * WIDTH);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
  }
}
