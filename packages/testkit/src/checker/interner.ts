/** Gives equal values the same number: 0, 1, and so on. */
export class Interner<T> {
  readonly #keyOf: (value: T) => string;
  readonly #numbers = new Map<string, number>();
  readonly #values: T[] = [];

  /** `keyOf`: a text that is the same for equal values only. */
  constructor(keyOf: (value: T) => string = json) {
    this.#keyOf = keyOf;
  }

  numberOf(value: T): number {
    const key = this.#keyOf(value);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#values.length;
      this.#values.push(value);
      this.#numbers.set(key, number);
    }
    return number;
  }

  valueOf(number: number): T {
    return this.#values[number]!;
  }

  get size(): number {
    return this.#values.length;
  }
}

function json(value: unknown): string {
  return JSON.stringify(value, bigintsAsText);
}

function bigintsAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
