import { TransportError, wholeNumber } from '@shoal/transport';
import { MAX_FRAME_LENGTH } from '@shoal/wire';

/** Limits and times of framed streams. Sizes are in bytes, times in ms. */
export interface StreamOptions {
  /** The longest frame to send or accept. Default 67108864 (64 MiB), which is also the most. */
  readonly maxFrameLength?: number;
  /**
   * The longest first frame to accept on an accepted connection: what a stranger may make this
   * side hold before it has said who it is. Default: `maxFrameLength`.
   */
  readonly maxFirstFrameLength?: number;
  /** `send` returns false from this many unsent bytes on. Default 1 MiB. */
  readonly highWaterMark?: number;
  /**
   * A connection is aborted (`overflow`) rather than hold more unsent bytes than this. At least
   * `maxFrameLength` + 4. Default: twice `maxFrameLength`, but at least 16 MiB.
   */
  readonly maxBuffered?: number;
  /** The peer is paused from this many unread bytes on, if there is a whole frame. Default 1 MiB. */
  readonly receiveHighWaterMark?: number;
  /** How long `dial` waits. Default 10000. */
  readonly dialTimeout?: number;
  /** How long `close` waits for what was sent to be flushed and for the peer's end. Default 5000. */
  readonly closeTimeout?: number;
  /**
   * After this long without traffic the system asks the peer every second whether it is alive,
   * and breaks the connection off after ten questions; 0: never. Default 15000.
   */
  readonly keepAlive?: number;
  /**
   * A connection is broken off (`timeout`) when its peer has sent nothing for this long although
   * it is read from; 0: never, the default. For protocols in which a peer is never silent for long:
   * unlike `keepAlive` it also finds one that is gone, or stuck, while something is on the way to it.
   */
  readonly idleTimeout?: number;
  /** How many connections a listener has at most; more are refused at once. Default 1024. */
  readonly maxConnections?: number;
}

/** {@link StreamOptions}, checked and complete. */
export type StreamLimits = Required<StreamOptions>;

/** Completes the options. Throws `argument` for one that is out of range. */
export function streamLimits(options: StreamOptions): StreamLimits {
  const most = MAX_FRAME_LENGTH;
  const maxFrameLength = wholeNumber('maxFrameLength', options.maxFrameLength, most, 1, most);
  const preset = Math.max(2 * maxFrameLength, 1 << 24);
  const limits: StreamLimits = {
    maxFrameLength,
    maxFirstFrameLength: wholeNumber(
      'maxFirstFrameLength',
      options.maxFirstFrameLength,
      maxFrameLength,
      1,
      maxFrameLength,
    ),
    highWaterMark: wholeNumber('highWaterMark', options.highWaterMark, 1 << 20, 1),
    maxBuffered: wholeNumber('maxBuffered', options.maxBuffered, preset, maxFrameLength + 4),
    receiveHighWaterMark: wholeNumber(
      'receiveHighWaterMark',
      options.receiveHighWaterMark,
      1 << 20,
      1,
    ),
    dialTimeout: wholeNumber('dialTimeout', options.dialTimeout, 10_000, 1),
    closeTimeout: wholeNumber('closeTimeout', options.closeTimeout, 5000, 0),
    keepAlive: wholeNumber('keepAlive', options.keepAlive, 15_000, 0),
    idleTimeout: wholeNumber('idleTimeout', options.idleTimeout, 0, 0),
    maxConnections: wholeNumber('maxConnections', options.maxConnections, 1024, 1),
  };
  if (limits.highWaterMark > limits.maxBuffered) {
    throw new TransportError('argument', 'highWaterMark must not be over maxBuffered');
  }
  return limits;
}
