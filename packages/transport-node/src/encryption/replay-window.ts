/** How far behind the highest number a datagram may arrive. */
export const WINDOW = 1024;

/**
 * Which of the last {@link WINDOW} numbers of one sender were seen (RFC 6479, without its
 * slack). Numbers are whole and not negative.
 */
export class ReplayWindow {
  readonly #bits = new Uint32Array(WINDOW / 32);
  #highest = -1;

  /** Whether the number was added before, or is too far behind to tell. */
  seen(number: number): boolean {
    if (number > this.#highest) return false;
    if (this.#highest - number >= WINDOW) return true;
    return (this.#bits[(number % WINDOW) >>> 5]! & (1 << (number & 31))) !== 0;
  }

  /** Notes a number that was not {@link ReplayWindow.seen}. */
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
