/**
 * Why a transport failed.
 *
 * - `address`: text that is not an address, or one that this transport cannot reach.
 * - `argument`: an option or argument out of its range.
 * - `resolve`: a host name without an address.
 * - `in-use`: the address to bind to is taken, or not one of this host's.
 * - `refused`: nobody listens there.
 * - `unreachable`: no route to the host or its network.
 * - `timeout`: the peer took too long.
 * - `aborted`: given up on this side, by a signal or by `abort()`; the reason is the `cause`.
 * - `closed`: closed on this side.
 * - `reset`: broken off by the peer or the network.
 * - `size`: a frame or datagram over the limit, sent or announced by the peer.
 * - `overflow`: more was sent than the peer takes, up to the hard cap.
 * - `protocol`: the peer's bytes are not what this side speaks.
 * - `untrusted`: the peer did not prove to be one that is allowed.
 * - `io`: any other fault of the system, named by the `cause`.
 */
export type TransportErrorCode =
  | 'address'
  | 'argument'
  | 'resolve'
  | 'in-use'
  | 'refused'
  | 'unreachable'
  | 'timeout'
  | 'aborted'
  | 'closed'
  | 'reset'
  | 'size'
  | 'overflow'
  | 'protocol'
  | 'untrusted'
  | 'io';

/**
 * The only error that a transport throws or rejects with. From a connection it means that the
 * connection is gone, except for `size` and `aborted` where the method says otherwise; from
 * `dial`, `listen` and the `create*` functions, that nothing was left open.
 */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly code: TransportErrorCode;

  constructor(code: TransportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
