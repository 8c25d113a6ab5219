/** An entry as the handshake compares it. */
export interface SyncupEntry {
  /** Its number in the replicated log: 1, 2, 3 ... */
  readonly vlsn: bigint;
  /** Its log sequence number, u64. */
  readonly lsn: bigint;
  /** A 64-bit hash that tells it from another entry at the same place. */
  readonly fingerprint: bigint;
  /** Whether a matchpoint may lie at it. */
  readonly isSync: boolean;
}

/**
 * The seven messages with which a replica and a feeder find their matchpoint, after Noxu's
 * `SyncupMsg` and Berkeley DB JE. The replica drives; the feeder answers.
 */
export type SyncupMessage =
  /** Replica: what do you hold at this VLSN? */
  | { readonly type: 'entryRequest'; readonly vlsn: bigint }
  /** Feeder: this. */
  | ({ readonly type: 'entry' } & SyncupEntry)
  /** Feeder: nothing that I still have. */
  | { readonly type: 'entryNotFound' }
  /** Feeder, to the first request only: not that one, but this is my last sync point. */
  | ({ readonly type: 'alternateMatchpoint' } & SyncupEntry)
  /** Replica: send everything from here on. */
  | { readonly type: 'startStream'; readonly startVlsn: bigint }
  /** Replica: no matchpoint, I need a full copy. `failedVlsn` is the last one tried. */
  | { readonly type: 'restoreRequest'; readonly failedVlsn: bigint }
  /** Feeder: a full copy can be had. */
  | { readonly type: 'restoreResponse' };
