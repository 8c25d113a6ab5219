/**
 * Why a node refused, or could not.
 *
 * - `argument`: an option or argument out of its range. Nothing was begun.
 * - `not-feeder`: this node does not feed now; {@link ShoalNode.leader} says who does, if anybody is
 *   known to. Nothing was appended.
 * - `fenced`: another leads in a higher term, or leadership was given up, while an append waited.
 *   The entries may survive, in the new feeder's log, or be rolled back into an archive.
 * - `timeout`: the entries are in this node's log, but not known to be held by as many voters as
 *   wanted. They may yet be, or be rolled back.
 * - `overload`: too many entries wait for acknowledgements. Nothing was appended.
 * - `log`: the log, or where promises are stored, refused; its error is the `cause`.
 * - `replication`: following, or becoming the feeder, has ended for a reason that no further
 *   attempt would change; it is the `cause`.
 * - `leadership`: the adapter that says who leads has failed; its error is the `cause`.
 * - `corrupt`: the stored promise is damaged. This node must not vote: see the README.
 * - `protocol`: a peer said what it must not.
 * - `overflow`: a reader of `events()` fell too far behind.
 * - `closed`: the node is closed. An append that waited may survive or not, as with `fenced`.
 */
export type NodeErrorCode =
  | 'argument'
  | 'not-leader'
  | 'fenced'
  | 'timeout'
  | 'overload'
  | 'log'
  | 'replication'
  | 'leadership'
  | 'corrupt'
  | 'protocol'
  | 'overflow'
  | 'closed';

/** The only error that this package throws or reports itself; others are its `cause`. */
export class NodeError extends Error {
  override readonly name = 'NodeError';
  readonly code: NodeErrorCode;

  constructor(code: NodeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A reason as an `Error`. */
export function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
