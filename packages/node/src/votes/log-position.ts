/** Where a log ends: the term and the VLSN of its last entry. */
export interface LogPosition {
  /** 0: before any term. */
  readonly term: bigint;
  /** 0: the log is empty. */
  readonly last: bigint;
}

/** Whether `a` is ahead of `b`: a later term, or more of the same one. Source: Raft, 5.4.1. */
export function isAhead(a: LogPosition, b: LogPosition): boolean {
  return a.term > b.term || (a.term === b.term && a.last > b.last);
}

/** The voter whose log is furthest ahead of `own`; undefined if none is ahead. */
export function furthestAhead(
  positions: ReadonlyMap<string, LogPosition>,
  own: LogPosition,
): { readonly name: string; readonly position: LogPosition } | undefined {
  let furthest: { name: string; position: LogPosition } | undefined;
  for (const [name, position] of positions) {
    if (isAhead(position, furthest?.position ?? own)) furthest = { name, position };
  }
  return furthest;
}
