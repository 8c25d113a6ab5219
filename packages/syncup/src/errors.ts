/**
 * Why a syncup, a stream or a log failed.
 *
 * - `protocol`: the peer sent an invalid message, or one that is out of place.
 * - `timeout`: the peer did not act in time.
 * - `restore-needed`: the logs have no matchpoint, and no snapshot could be fetched.
 * - `rollback-prohibited`: the rollback would undo entries that the options protect.
 * - `stale-term`: the feeder belongs to an old term. Nothing was rolled back for it.
 * - `version`: the peer speaks no version of the protocol that this side speaks, or a later release
 *   wrote the log or the snapshot. Nothing is damaged.
 * - `label`: the peer belongs to another cluster.
 * - `refused`: the feeder does not admit this replica; the message says why.
 * - `gap`: an entry of the stream does not follow the one before.
 * - `trimmed`: the log no longer holds the entries that were asked for.
 * - `rolled-back`: entries that a reader has read were cut off; the reader must sync up again.
 * - `snapshot`: a snapshot is damaged, or is of a log with another kind of fingerprint.
 * - `storage`: the log's storage cannot be read or written: it is full or gone, or another process
 *   has taken the log over. Open the log again.
 * - `full`: the log holds as much as it may. Nothing was appended; see `maxBytes`.
 * - `corrupt`: the log's stored data is damaged, or does not hold a log.
 * - `missing-binary`: the native library of the log cannot be loaded on this platform.
 * - `connection`: the connection could not be opened, or was lost; the transport's error is the
 *   `cause`.
 * - `remote`: the peer ended the connection for a reason of its own.
 * - `application`: a callback of the application threw; see `cause`.
 * - `argument`: an option or argument is out of range.
 * - `overflow`: a reader of events fell too far behind.
 * - `closed`: this side, or its log, was closed.
 * - `internal`: an impossible state, which means a bug in Shoal or in the log.
 */
export type SyncupErrorCode =
  | 'protocol'
  | 'timeout'
  | 'restore-needed'
  | 'rollback-prohibited'
  | 'stale-term'
  | 'version'
  | 'label'
  | 'refused'
  | 'gap'
  | 'trimmed'
  | 'rolled-back'
  | 'snapshot'
  | 'storage'
  | 'full'
  | 'corrupt'
  | 'missing-binary'
  | 'connection'
  | 'remote'
  | 'application'
  | 'argument'
  | 'overflow'
  | 'closed'
  | 'internal';

/**
 * The error of this package. An error of another layer that led to it, such as a `WireError` or a
 * `TransportError`, is its `cause`.
 *
 * If a log throws it, the log is as it was before the call. If a machine or a driver reports it,
 * the connection has ended, and the log holds what was applied before.
 */
export class SyncupError extends Error {
  override readonly name = 'SyncupError';
  readonly code: SyncupErrorCode;

  constructor(code: SyncupErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The error of a reader of events that fell more than `capacity` events behind. */
export function overflowError(capacity: number): SyncupError {
  return new SyncupError('overflow', `more than ${capacity} events wait to be read`);
}
