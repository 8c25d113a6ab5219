/**
 * Keeps the highest term in which a voter has voted. It must survive whatever the log survives: a
 * voter that forgets its vote lets an outdated leader make entries durable.
 */
export interface VoteStore {
  /** The term that was written last; 0 if none was. Called once, before any `write`. */
  read(): Promise<bigint>;
  /** Resolves once `term` is on stable storage. Each term is higher than the one before. */
  write(term: bigint): Promise<void>;
}

/**
 * Keeps the vote in memory. Use it with a log in memory only, and do not restart a node under the
 * same name once it has lost both.
 */
export function memoryVoteStore(): VoteStore {
  let votedTerm = 0n;
  return {
    read: async () => votedTerm,
    write: async (term) => {
      votedTerm = term;
    },
  };
}
