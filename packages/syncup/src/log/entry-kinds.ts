/** Which types of entry are sync points, and which end a transaction. */
export interface EntryKinds {
  isSync(type: number): boolean;
  isTxnEnd(type: number): boolean;
}

/**
 * Shoal's entry types: 1 is a commit, 2 an abort, 3 marks the term of the entries after it; any
 * other is data. A term mark is a sync point but ends no transaction.
 */
export const SHOAL_ENTRY_KINDS: EntryKinds = {
  isSync: (type) => type === 1 || type === 2 || type === 3,
  isTxnEnd: (type) => type === 1 || type === 2,
};

/** Noxu's entry types: 30 TxnCommit, 31 TxnAbort, 61 Matchpoint (noxu-log, entry_type.rs). */
export const NOXU_ENTRY_KINDS: EntryKinds = {
  isSync: (type) => type === 30 || type === 31 || type === 61,
  isTxnEnd: (type) => type === 30 || type === 31,
};
