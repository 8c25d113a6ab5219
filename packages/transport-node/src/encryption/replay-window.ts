/** How far a datagram's number may be behind the highest one. */
export const WINDOW = 1024;

/**
 * Remembers which of the last {@link WINDOW} numbers of one sender were seen, as in RFC 6479 but
 * without its spare block. Numbers are whole and not negative.
 */
export class ReplayWindow {
  readonly #bits = new Uint32Array(WINDOW / 32);
  #highest = -1;

  /** Whether the number was added before, or is too far behind to know. */
  seen(number: number): boolean {
    if (number > this.#highest) return false;
    if (this.#highest - number >= WINDOW) return true;
    return (this.#bits[(number % WINDOW) >>> 5]! & (1 << (number & 31))) !== 0;
  }

  /** Adds a number that was not {@link ReplayWindow.seen}. */
  add(number: number): void {
    if (number > this.#highest) {
      if (number - this.#highest >= WINDOW) this.#bits.fill(0);
      else
        for (let i = this.#highest + 1; i < number; i++)
          this.#bits[(i % WINDOW) >>> 5]! &= ~(1 << (i & 31));
      this.#highest = number;
    }
    this.#bits[(number % WINDOW) >>> 5]! |= 1 << (number & 31);
  }
}
