import { higher } from '../bigint.ts';
import type { VoteStore } from './vote-store.ts';

/** The highest term in which this node has voted. It refuses lower terms, even after a crash. */
export class VoteRecord {
  readonly #store: VoteStore;
  #votedTerm: bigint;
  /** The highest term that is on stable storage. */
  #written: bigint;
  #writing: Promise<void> | undefined;

  /** `votedTerm`: what the store holds, or a higher term that the log proves. */
  constructor(store: VoteStore, votedTerm: bigint) {
    this.#store = store;
    this.#votedTerm = votedTerm;
    this.#written = votedTerm;
  }

  /** In effect as soon as {@link raise} is called; on stable storage once that resolves. */
  get votedTerm(): bigint {
    return this.#votedTerm;
  }

  /**
   * Refuses terms below `term` from now on. Resolves once that is on stable storage. Rejects with
   * the store's error; the refusal then lasts as long as this process.
   */
  async raise(term: bigint): Promise<void> {
    this.#votedTerm = higher(term, this.#votedTerm);
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
