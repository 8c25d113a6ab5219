/** A place in a log, after its entry `last`: all that the next entry depends on. */
export interface Position {
  /** The VLSN of the last entry; 0 before the first. */
  readonly last: number;
  /** The LSN of the next entry. */
  readonly lsn: number;
  /** The fingerprint of the last entry. */
  readonly low: number;
  readonly high: number;
  /** The last sync point and transaction end up to here. They may have been trimmed. */
  readonly lastSync: number;
  readonly lastTxnEnd: number;
  /** How many transactions have ended up to here, since the log began or was restored. */
  readonly txnEnds: number;
}

export const START: Position = {
  last: 0,
  lsn: 0,
  low: 0,
  high: 0,
  lastSync: 0,
  lastTxnEnd: 0,
  txnEnds: 0,
};
