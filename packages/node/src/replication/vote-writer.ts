import { pause, toError } from '@shoal/async';
import { NodeError } from '../errors.ts';
import type { VoteRecord } from '../votes/vote-record.ts';

/** How long to wait after the log has refused to store a vote, in ms. */
const RETRY = 1000;

/** What a {@link VoteWriter} works with. */
export interface VoteWriterParts {
  readonly votes: VoteRecord;
  /** The term is on stable storage. */
  readonly onStored: (term: bigint) => void;
  readonly onFailure: (error: NodeError) => void;
  readonly signal: AbortSignal;
}

/** Puts votes on stable storage, one at a time. A vote that cannot be stored is never given. */
export class VoteWriter {
  readonly #parts: VoteWriterParts;
  #wanted = 0n;
  #isWriting = false;

  constructor(parts: VoteWriterParts) {
    this.#parts = parts;
  }

  /** Stores this term, or a higher one that is wanted by then. */
  store(term: bigint): void {
    if (term > this.#wanted) this.#wanted = term;
    if (!this.#isWriting) void this.#write();
  }

  /** Tries until it has succeeded. Reports the first failure. Never rejects. */
  async #write(): Promise<void> {
    const { votes, onStored, onFailure, signal } = this.#parts;
    this.#isWriting = true;
    let hasFailed = false;
    while (votes.term < this.#wanted && !signal.aborted) {
      const term = this.#wanted;
      try {
        await votes.store(term);
        hasFailed = false;
        onStored(term);
      } catch (cause) {
        const text = `could not store its vote: ${toError(cause).message}`;
        if (!hasFailed && !signal.aborted) onFailure(new NodeError('log', text, { cause }));
        hasFailed = true;
        await pause(RETRY, signal);
      }
    }
    this.#isWriting = false;
  }
}
