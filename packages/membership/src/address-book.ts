/** In place of a number of something: there is none. */
export const NONE = -1;

/**
 * Numbers addresses, from 0 on and without large gaps, so that what is known of a member can be
 * kept in arrays. Many machines in one process may share one book, as in a simulation: then each
 * need not have a table of all addresses of its own. An address is forgotten, and its number
 * given to another, once every machine that knew it has forgotten it.
 */
export class AddressBook {
  readonly #numbers = new Map<string, number>();
  /** By number: how many machines use it. */
  readonly #claims: number[] = [];
  readonly #free: number[] = [];

  /** One more than the highest number that was given so far. */
  get size(): number {
    return this.#claims.length;
  }

  /** The number of an address; -1 if it has none. */
  find(address: string): number {
    return this.#numbers.get(address) ?? NONE;
  }

  /** The number of an address from now on, until it is released as often as it was claimed. */
  claim(address: string): number {
    let number = this.#numbers.get(address);
    if (number === undefined) {
      number = this.#free.pop() ?? this.#claims.length;
      this.#claims[number] = 0;
      this.#numbers.set(address, number);
    }
    this.#claims[number]!++;
    return number;
  }

  /** Takes one claim back. */
  release(address: string): void {
    const number = this.find(address);
    if (number === NONE || --this.#claims[number]! > 0) return;
    this.#numbers.delete(address);
    this.#free.push(number);
  }
}
