/**
 * Why a transport failed.
 *
 * - `address`: invalid address, or one that this transport cannot reach.
 * - `argument`: an option or argument is out of range.
 * - `resolve`: the host name has no address.
 * - `in-use`: the address to bind to is taken, or is not an address of this host.
 * - `refused`: nobody listens there, or the listener is full or turned this side away.
 * - `unreachable`: no route to the host or its network.
 * - `timeout`: the peer took too long.
 * - `aborted`: stopped on this side, by a signal or `abort()`; the reason is the `cause`.
 * - `closed`: closed on this side.
 * - `reset`: broken by the peer or the network.
 * - `size`: a frame or datagram, to send or announced by the peer, exceeds the limit.
 * - `overflow`: a buffer exceeded its hard cap: data was added faster than it was read.
 * - `protocol`: the peer sent something that the protocol does not allow.
 * - `untrusted`: one side rejected the other's certificate, name, token or origin.
 * - `unsupported`: this runtime lacks what the transport needs; the message says what to do.
 * - `io`: any other error of the system; see the `cause`.
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
  | 'unsupported'
  | 'io';

/**
 * The only error that a transport throws or rejects with. Thrown by a connection, it means that
 * the connection is lost, except for `size` and `aborted` where the method says otherwise. Thrown
 * by `dial`, `listen` or a `create*` function, it means that nothing was left open.
 */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly code: TransportErrorCode;

  constructor(code: TransportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
