/** In place of a number of something: there is none. */
export const NONE = -1;

/**
 * Numbers addresses, from 0 on and without large gaps, and remembers an identity of each, so that
 * what is known of a member can be kept in arrays. Many machines in one process may share one
 * book, as in a simulation: then each need not have a table of all addresses and identities of
 * its own. An address is forgotten, and its number given to another, once every machine that
 * knew it has forgotten it.
 */
export class AddressBook<Id> {
  readonly #numbers = new Map<string, number>();
  /** By number: how many machines use it. */
  readonly #claims: number[] = [];
  readonly #ids: (Id | undefined)[] = [];
  readonly #free: number[] = [];

  /** One more than the highest number that was given so far. */
  get size(): number {
    return this.#claims.length;
  }

  /** The number of an address; -1 if it has none. */
  find(address: string): number {
    return this.#numbers.get(address) ?? NONE;
  }

  /** The identity that came with an address first, or was set. */
  id(number: number): Id {
    return this.#ids[number]!;
  }

  /** Sets the identity of an address. False, and nothing changes, if others use it, too. */
  setId(number: number, id: Id): boolean {
    if (this.#claims[number] !== 1) return false;
    this.#ids[number] = id;
    return true;
  }

  /** The number of an address from now on, until it is released as often as it was claimed. */
  claim(address: string, id: Id): number {
    let number = this.#numbers.get(address);
    if (number === undefined) {
      number = this.#free.pop() ?? this.#claims.length;
      this.#claims[number] = 0;
      this.#ids[number] = id;
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
    this.#ids[number] = undefined;
    this.#free.push(number);
  }
}
