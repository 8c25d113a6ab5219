/** Stands for the number of something that does not exist. */
export const NONE = -1;

/**
 * Numbers addresses from 0, without large gaps, and remembers an identity for each, so that what is
 * known about members can be kept in arrays. Machines of one process may share a book, for example
 * in a simulation, instead of each having a table of all addresses. A number is free for another
 * address once every machine that claimed it has released it.
 */
export class AddressBook<Id> {
  readonly #numbers = new Map<string, number>();
  /** By number: how many machines use it. */
  readonly #claims: number[] = [];
  readonly #ids: (Id | undefined)[] = [];
  readonly #free: number[] = [];

  /** One more than the highest number given so far. */
  get size(): number {
    return this.#claims.length;
  }

  /** The number of an address; NONE if it has none. */
  find(address: string): number {
    return this.#numbers.get(address) ?? NONE;
  }

  /** The identity of a number in use: the first one, or the one that was set. */
  id(number: number): Id {
    return this.#ids[number]!;
  }

  /** Sets the identity of a number. Returns false, and changes nothing, if others use it, too. */
  setId(number: number, id: Id): boolean {
    if (this.#claims[number] !== 1) return false;
    this.#ids[number] = id;
    return true;
  }

  /** Returns the number of an address. It holds until each claim has been released. */
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

  /** Takes back one claim. */
  release(address: string): void {
    const number = this.find(address);
    if (number === NONE || --this.#claims[number]! > 0) return;
    this.#numbers.delete(address);
    this.#ids[number] = undefined;
    this.#free.push(number);
  }
}
