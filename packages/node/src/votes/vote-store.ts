/**
 * Where a voter keeps the highest term that it has promised. It must outlive what the log
 * outlives: a voter that forgets its promise lets a stale feeder make entries durable.
 */
export interface VoteStore {
  /** What was written last; 0 when nothing was. Called once, before any `write`. */
  read(): Promise<bigint>;
  /** Resolves when `term` is on stable storage. Each is higher than the one before. */
  write(term: bigint): Promise<void>;
}

/**
 * Keeps it in memory: right for a log in memory, of a node that is not started again under its
 * name once it has lost both.
 */
export function memoryVoteStore(): VoteStore {
  let promised = 0n;
  return {
    read: async () => promised,
    write: async (term) => {
      promised = term;
    },
  };
}

/** A promise: terms below it are refused from now on, also after a crash. */
export class VoteRecord {
  readonly #store: VoteStore;
  #votedTerm: bigint;
  #writing: Promise<void> | undefined;
  #written: bigint;

  /** `promised`: what the store has read, or what the log proves if that is more. */
  constructor(store: VoteStore, votedTerm: bigint) {
    this.#store = store;
    this.#votedTerm = votedTerm;
    this.#written = votedTerm;
  }

  /** The highest term promised: effective at once, on stable storage once `raise` resolves. */
  get votedTerm(): bigint {
    return this.#votedTerm;
  }

  /**
   * Refuses terms below `term` from now on. Resolves once that is on stable storage; rejects
   * with the store's error, and the promise holds until this process ends.
   */
  async raise(term: bigint): Promise<void> {
    if (term > this.#votedTerm) this.#votedTerm = term;
    while (this.#written < term) {
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      });
      await this.#writing;
    }
  }

  async #write(): Promise<void> {
    const term = this.#votedTerm;
    await this.#store.write(term);
    this.#written = term;
  }
}
