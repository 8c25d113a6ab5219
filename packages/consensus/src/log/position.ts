/** Where a log ends. */
export interface Position {
  /** The term of its last mark; 0 if it has none. */
  readonly term: bigint;
  /** The index of its last entry; 0 if it is empty. */
  readonly index: bigint;
}

/** Whether `a` is ahead of `b`: a later term, or more of the same one. Source: Raft, 5.4.1. */
export function isAhead(a: Position, b: Position): boolean {
  return a.term > b.term || (a.term === b.term && a.index > b.index);
}
