import type { Slot } from './member-rows.ts';

/** How long a member is a newcomer, in ms. */
const NEW_FOR = 10_000;

/** The members that came up a short time ago. */
export class Newcomers {
  /** When each came up, the oldest first. */
  readonly #since = new Map<Slot, number>();

  add(slot: Slot, now: number): void {
    for (const [oldest, since] of this.#since) {
      if (now - since < NEW_FOR) break;
      this.#since.delete(oldest);
    }
    this.#since.delete(slot);
    this.#since.set(slot, now);
  }

  has(slot: Slot, now: number): boolean {
    return now - (this.#since.get(slot) ?? Number.NEGATIVE_INFINITY) < NEW_FOR;
  }
}
