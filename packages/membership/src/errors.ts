/**
 * What went wrong.
 *
 * A peer's fault, reported as an output of type `rejected`; the state is as it was before:
 *
 * - `too-large`: a datagram larger than `maxPacketSize`.
 * - `malformed`: not a packet of this cluster's protocol; `cause` says where and why.
 * - `own-address`: a packet that claims to come from our own address.
 * - `own-indirect`: a request to probe ourselves, or an answer to a probe of ourselves.
 * - `broadcast`: the broadcast handler threw, or there is none. Only that one broadcast is
 *   dropped: membership must not depend on what an application can decode, so the rest of its
 *   packet was taken. Thrown by {@link Swim.broadcast} as well, where nothing has changed.
 *
 * The local caller's fault, thrown; the state is as it was before:
 *
 * - `config`: a setting outside its range.
 * - `identity`: an identity that cannot be sent, or does not follow on from the present one.
 * - `time`: a time that is not a finite number.
 * - `payload`: a custom broadcast that is empty, or larger than any packet can carry.
 * - `state`: what was asked is impossible while leaving, once defunct, or once closed.
 * - `overflow`: (driver) events of a stream were not read in time.
 *
 * Nobody's in particular, in the event `exchangeFailed` of the driver:
 *
 * - `stream`: an exchange of states took too long, was ended early, or refused by the peer. What
 *   had come before was taken in.
 */
export type SwimErrorCode =
  | 'too-large'
  | 'malformed'
  | 'own-address'
  | 'own-indirect'
  | 'broadcast'
  | 'config'
  | 'identity'
  | 'time'
  | 'payload'
  | 'state'
  | 'overflow'
  | 'stream';

/** The only error of this package's core. No code but `broadcast` and `stream` leaves anything changed. */
export class SwimError extends Error {
  override readonly name = 'SwimError';
  readonly code: SwimErrorCode;

  constructor(code: SwimErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
