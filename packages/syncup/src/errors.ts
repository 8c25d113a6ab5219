/**
 * Why a syncup, a stream or a log refused.
 *
 * - `protocol`: the peer sent a message that is wrong, or out of place.
 * - `timeout`: the peer did not answer in time.
 * - `restore-needed`: no matchpoint is left; only a full copy helps, and none was to be had.
 * - `rollback-prohibited`: entries would be lost that the options protect.
 * - `stale-term`: the feeder leads no longer; nothing was rolled back for it.
 * - `version`: the peer speaks no version of the protocol that this one does.
 * - `label`: the peer belongs to another cluster.
 * - `gap`: an entry of the stream does not follow the one before.
 * - `trimmed`: entries were asked for that the log no longer holds.
 * - `rolled-back`: entries were cut off under a reader, who must sync up again.
 * - `snapshot`: a snapshot is not what it says it is.
 * - `storage`: what a log is stored on refused to write or read: full, gone, or another's now.
 *   The log must be opened again.
 * - `corrupt`: what a log has stored is damaged, or is no log.
 * - `remote`: the peer said goodbye for a reason of its own.
 * - `application`: a callback of the application threw; that is the `cause`.
 * - `argument`: an option or argument out of its range.
 * - `closed`: closed on this side.
 * - `internal`: a state that cannot be; a bug here or in a log.
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
  | 'remote'
  | 'application'
  | 'argument'
  | 'closed'
  | 'internal';

/**
 * The only error that this package throws or reports, besides the `WireError` and
 * `TransportError` that it keeps as `cause`.
 *
 * Thrown by a log, it means that the log is as it was before the call. Reported by a machine
 * or a driver, it means that this connection is over; the log holds what was applied before.
 */
export class SyncupError extends Error {
  override readonly name = 'SyncupError';
  readonly code: SyncupErrorCode;

  constructor(code: SyncupErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
