/** How long a new value may stay in memory if nothing is appended, in ms. */
const DELAY = 1000;

/** The last VLSN known to be durable. Written with the next append, or after a second. */
export class DurableMark {
  readonly #commit: () => void;
  #value: number;
  #changed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `commit` must write what {@link DurableMark.take} returns. */
  constructor(value: number, commit: () => void) {
    this.#value = value;
    this.#commit = commit;
  }

  get value(): number {
    return this.#value;
  }

  /** Raises the value. A lower one, or one that is not a VLSN, has no effect. */
  raise(vlsn: bigint): void {
    const value = Number(BigInt.asUintN(53, vlsn));
    if (BigInt(value) !== vlsn || value <= this.#value) return;
    this.#value = value;
    this.#changed = true;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#changed) this.#commit();
    }, DELAY).unref();
  }

  /** Sets the value to one that the caller writes. */
  set(value: number): void {
    this.#value = value;
    this.#changed = false;
  }

  /** The record to write, if the value has changed. */
  take(): Readonly<Record<string, unknown>> | undefined {
    if (!this.#changed) return undefined;
    this.#changed = false;
    return { durable: this.#value };
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
