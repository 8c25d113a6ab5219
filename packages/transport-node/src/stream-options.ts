import { TransportError } from '@shoal/transport';
import { wholeNumber } from '@shoal/transport/internal';
import { MAX_FRAME_LENGTH } from '@shoal/wire';

/** Limits and times of framed streams. Sizes are in bytes, times in ms. */
export interface StreamOptions {
  /** The longest frame to send or accept. Default 67108864 (64 MiB), which is also the most. */
  readonly maxFrameLength?: number | undefined;
  /**
   * The longest first frame to accept on an accepted connection: what a stranger may make this
   * side hold before it has said who it is. Default: `maxFrameLength`.
   */
  readonly maxFirstFrameLength?: number | undefined;
  /** `send` returns false from this many unsent bytes on. Default 1 MiB. */
  readonly highWaterMark?: number | undefined;
  /**
   * A connection is aborted (`overflow`) rather than hold more unsent bytes than this. At least
   * `maxFrameLength` + 4. Default: twice `maxFrameLength`, but at least 16 MiB.
   */
  readonly maxBuffered?: number | undefined;
  /** The peer is paused from this many unread bytes on, if there is a whole frame. Default 1 MiB. */
  readonly receiveHighWaterMark?: number | undefined;
  /** How long `dial` waits. Default 10000. */
  readonly dialTimeout?: number | undefined;
  /** How long `close` waits for what was sent to be flushed and for the peer's end. Default 5000. */
  readonly closeTimeout?: number | undefined;
  /**
   * After this long without traffic the system asks the peer every second whether it is alive,
   * and breaks the connection off after ten questions; 0: never. Default 15000.
   */
  readonly keepAlive?: number | undefined;
  /**
   * A connection is broken off (`timeout`) when its peer has sent nothing for this long although
   * it is read from; 0: never, the default. For protocols in which a peer is never silent for long:
   * unlike `keepAlive` it also finds one that is gone, or stuck, while something is on the way to it.
   */
  readonly idleTimeout?: number | undefined;
  /** How many connections a listener has at most; more are refused at once. Default 1024. */
  readonly maxConnections?: number | undefined;
}

/** {@link StreamOptions}, checked and complete. */
export type StreamLimits = Readonly<Record<keyof StreamOptions, number>>;

/** Completes the options. Throws `argument` for one that is out of range. */
export function streamLimits(options: StreamOptions): StreamLimits {
  const most = MAX_FRAME_LENGTH;
  const maxFrameLength = wholeNumber(options, 'maxFrameLength', {
    preset: most,
    min: 1,
    max: most,
  });
  const twoFrames = Math.max(2 * maxFrameLength, 1 << 24);
  const limits: StreamLimits = {
    maxFrameLength,
    maxFirstFrameLength: wholeNumber(options, 'maxFirstFrameLength', {
      preset: maxFrameLength,
      min: 1,
      max: maxFrameLength,
    }),
    highWaterMark: wholeNumber(options, 'highWaterMark', { preset: 1 << 20, min: 1 }),
    maxBuffered: wholeNumber(options, 'maxBuffered', {
      preset: twoFrames,
      min: maxFrameLength + 4,
    }),
    receiveHighWaterMark: wholeNumber(options, 'receiveHighWaterMark', { preset: 1 << 20, min: 1 }),
    dialTimeout: wholeNumber(options, 'dialTimeout', { preset: 10_000, min: 1 }),
    closeTimeout: wholeNumber(options, 'closeTimeout', { preset: 5000, min: 0 }),
    keepAlive: wholeNumber(options, 'keepAlive', { preset: 15_000, min: 0 }),
    idleTimeout: wholeNumber(options, 'idleTimeout', { preset: 0, min: 0 }),
    maxConnections: wholeNumber(options, 'maxConnections', { preset: 1024, min: 1 }),
  };
  if (limits.highWaterMark > limits.maxBuffered) {
    throw new TransportError('argument', 'highWaterMark must not be over maxBuffered');
  }
  return limits;
}
