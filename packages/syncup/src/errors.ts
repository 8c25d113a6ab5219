/**
 * Why a syncup, a stream or a log failed.
 *
 * - `protocol`: the peer sent an invalid message, or one that is out of place.
 * - `timeout`: the peer did not act in time.
 * - `restore-needed`: the logs have no matchpoint, and no snapshot could be fetched.
 * - `rollback-prohibited`: the rollback would undo entries that the options protect.
 * - `stale-term`: the feeder belongs to an old term. Nothing was rolled back for it.
 * - `version`: the peer speaks no version of the protocol that this side speaks.
 * - `label`: the peer belongs to another cluster.
 * - `gap`: an entry of the stream does not follow the one before.
 * - `trimmed`: the log no longer holds the entries that were asked for.
 * - `rolled-back`: entries that a reader has read were cut off; it must sync up again.
 * - `snapshot`: a snapshot is damaged, or of a log with other fingerprints.
 * - `storage`: the log's storage refused to read or write: it is full, gone, or another process
 *   has taken it over. Open the log again.
 * - `corrupt`: the log's stored data is damaged, or is not that of a log.
 * - `missing-binary`: the native library of the log cannot be loaded on this platform.
 * - `remote`: the peer ended the connection for a reason of its own.
 * - `application`: a callback of the application threw; see `cause`.
 * - `argument`: an option or argument is out of range.
 * - `overflow`: a reader of events fell too far behind.
 * - `closed`: this side was closed.
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
  | 'gap'
  | 'trimmed'
  | 'rolled-back'
  | 'snapshot'
  | 'storage'
  | 'corrupt'
  | 'missing-binary'
  | 'remote'
  | 'application'
  | 'argument'
  | 'overflow'
  | 'closed'
  | 'internal';

/**
 * The only error that this package throws or reports. A `WireError` or `TransportError` behind it
 * is its `cause`.
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
