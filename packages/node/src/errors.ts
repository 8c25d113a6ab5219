/**
 * Why a node refused or failed.
 *
 * - `argument`: an option or argument is outside its range. Nothing was started.
 * - `not-leader`: this node is not the leader; {@link ShoalNode.leader} names the leader if one is
 *   known. Nothing was appended.
 * - `fenced`: another node leads in a higher term, or this node gave up its leadership while an
 *   append was waiting. The entries may survive in the new leader's log, or be rolled back into an
 *   archive.
 * - `timeout`: the entries are in this node's log, but too few voters are known to hold them. They
 *   may still survive, or be rolled back.
 * - `busy`: another change of the voters, or another transfer, is under way.
 * - `overload`: too many entries are waiting for acknowledgements. Nothing was appended.
 * - `full`: the log holds as much as it may: see `maxBytes`. Nothing was appended.
 * - `log`: the log, or the store of the vote, failed; its error is the `cause`.
 * - `replication`: following, or becoming the leader, failed for a reason that a retry would not
 *   change; it is the `cause`.
 * - `connection`: the connection to the leader could not be made, or has ended; the `cause` is a
 *   `SyncupError`, whose code says more.
 * - `leadership`: the adapter that decides who leads failed, and its error is the `cause`; or it chose
 *   a node that cannot lead.
 * - `missing-binary`: the native binary of lmdb, which a durable log needs, cannot be loaded. The
 *   message says what to do. Nothing was started.
 * - `corrupt`: the stored vote is damaged. This node must not vote: see the README.
 * - `version`: a later release of Shoal wrote the stored vote. Nothing is damaged: use that release,
 *   or a later one.
 * - `protocol`: a peer sent something that the protocol does not allow.
 * - `untrusted`: a peer uses the name of a node without having proved that it is that node.
 * - `impossible-term`: a peer names a term that is too far above all that this node knows.
 * - `other-cluster`: a peer belongs to another cluster, or is to found one of other voters.
 * - `other-store`: a node has the name of a voter, but another store than that voter.
 * - `application`: `onEntries`, `onRollback` or `onRestore` threw; its error is the `cause`. They are
 *   no longer called. The node goes on storing and voting.
 * - `overflow`: a reader of `events()` fell too far behind.
 * - `closed`: the node is closed. As with `fenced`, the entries of a waiting append may survive.
 */
export type NodeErrorCode =
  | 'argument'
  | 'not-leader'
  | 'fenced'
  | 'timeout'
  | 'busy'
  | 'overload'
  | 'full'
  | 'log'
  | 'replication'
  | 'connection'
  | 'leadership'
  | 'missing-binary'
  | 'corrupt'
  | 'version'
  | 'protocol'
  | 'untrusted'
  | 'impossible-term'
  | 'other-cluster'
  | 'other-store'
  | 'application'
  | 'overflow'
  | 'closed';

/** The error that this package throws and reports. Errors of other layers are its `cause`. */
export class NodeError extends Error {
  override readonly name = 'NodeError';
  readonly code: NodeErrorCode;

  constructor(code: NodeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
