/** What the handshake compares of a log entry. */
export interface SyncupEntry {
  /** Its number in the replicated log: 1, 2, 3 ... An i64 on the wire, where -1 means "none". */
  readonly vlsn: bigint;
  /** Its log sequence number: a u64. */
  readonly lsn: bigint;
  /** A 64-bit hash, different for another entry with the same VLSN. */
  readonly fingerprint: bigint;
  /** True if the entry is a sync point: it can be the matchpoint. */
  readonly isSync: boolean;
}

/**
 * The seven messages with which a replica and a feeder find their matchpoint, as in Noxu's `SyncupMsg`
 * and Berkeley DB JE. The replica asks and the feeder answers.
 */
export type SyncupMessage =
  /** From the replica: which entry do you have at this VLSN? */
  | { readonly type: 'entryRequest'; readonly vlsn: bigint }
  /** From the feeder: this entry. */
  | ({ readonly type: 'entry' } & SyncupEntry)
  /** From the feeder: none. */
  | { readonly type: 'entryNotFound' }
  /** From the feeder, only to the first request: none, but this is my last sync point. */
  | ({ readonly type: 'alternateMatchpoint' } & SyncupEntry)
  /** From the replica: send all entries from this VLSN on. */
  | { readonly type: 'startStream'; readonly startVlsn: bigint }
  /** From the replica: there is no matchpoint, send a full copy. `failedVlsn` was tried last. */
  | { readonly type: 'restoreRequest'; readonly failedVlsn: bigint }
  /** From the feeder: a full copy is available. */
  | { readonly type: 'restoreResponse' };
