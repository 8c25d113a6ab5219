/** How long the mark may stay in memory when nothing is appended, in ms. */
const DELAY = 1000;

/** Up to where a majority holds a log. Goes to the disk with what is appended next, or soon. */
export class DurableMark {
  readonly #commit: () => void;
  #value: number;
  #changed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `commit` is to write what {@link DurableMark.take} returns. */
  constructor(value: number, commit: () => void) {
    this.#value = value;
    this.#commit = commit;
  }

  get value(): number {
    return this.#value;
  }

  /** Never goes down. */
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

  /** Becomes what is being written already. */
  set(value: number): void {
    this.#value = value;
    this.#changed = false;
  }

  /** What is to be written, if anything. */
  take(): Readonly<Record<string, unknown>> | undefined {
    if (!this.#changed) return undefined;
    this.#changed = false;
    return { durable: this.#value };
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
