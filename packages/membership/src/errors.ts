/**
 * What went wrong.
 *
 * A peer's fault, reported in a `rejected` event. The state is unchanged:
 *
 * - `too-large`: a datagram is larger than `maxPacketSize`.
 * - `malformed`: not a packet of this cluster's protocol; `cause` says where and why.
 * - `generation`: a packet from an identity that cannot exist, such as one whose generation is days
 *   ahead of the local clock. Compare the clocks.
 * - `own-address`: a packet claims to come from this member's own address.
 * - `own-indirect`: a request to probe this member itself, or an answer to such a probe.
 * - `broadcast`: the broadcast handler threw, or there is none. Only this broadcast is dropped, and
 *   the rest of its packet was taken, because membership must not depend on what an application
 *   can decode. {@link Swim.broadcast} throws it as well, with nothing changed.
 *
 * The local caller's fault, thrown. The state is unchanged:
 *
 * - `config`: a setting is outside its range.
 * - `identity`: an identity cannot be sent, or does not win over the current one.
 * - `time`: a time is not a finite number.
 * - `payload`: a broadcast is empty, or larger than a packet can carry.
 * - `state`: the operation is not possible while leaving, defunct or closed.
 * - `overflow`: a reader of a driver's events fell too far behind.
 *
 * Neither side's fault, in an `exchangeFailed` or `listenFailed` event of the driver:
 *
 * - `stream`: an exchange of states took too long, ended early, or was refused, or streams cannot be
 *   opened or accepted; the transport's error, if there is one, is the `cause`. What had arrived
 *   before was taken in.
 *
 * The same, in a `joinFailed` event of the driver:
 *
 * - `timeout`: the seeds were not looked up within `lookUpTimeout`, or a seed did not answer.
 * - `join`: the seeds could not be looked up (see the `cause`), or none of them could be joined. The
 *   message says why.
 */
export type SwimErrorCode =
  | 'too-large'
  | 'malformed'
  | 'generation'
  | 'own-address'
  | 'own-indirect'
  | 'broadcast'
  | 'config'
  | 'identity'
  | 'time'
  | 'payload'
  | 'state'
  | 'overflow'
  | 'stream'
  | 'timeout'
  | 'join';

/** The error of this package. Its code says what went wrong, and whether the state changed. */
export class SwimError extends Error {
  override readonly name = 'SwimError';
  readonly code: SwimErrorCode;

  constructor(code: SwimErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
