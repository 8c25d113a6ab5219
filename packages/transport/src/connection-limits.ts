import { TransportError } from './errors.ts';
import { wholeNumber } from './whole-number.ts';

/** Limits and timeouts of framed connections. Sizes are in bytes, times in ms. */
export interface ConnectionOptions {
  /** The longest frame to send or accept. Default and maximum: 67108864 (64 MiB). */
  readonly maxFrameLength?: number | undefined;
  /** `send` returns false from this many unsent bytes on. Default 1048576 (1 MiB). */
  readonly highWaterMark?: number | undefined;
  /**
   * A connection with more unsent bytes than this is aborted (`overflow`). At least
   * `maxFrameLength` plus a header, and at least `highWaterMark`. Default: twice `maxFrameLength`
   * or 16 MiB, whichever is more.
   */
  readonly maxBuffered?: number | undefined;
  /**
   * The peer is paused above this many unread bytes, once a whole frame has arrived. Default
   * 1048576 (1 MiB).
   */
  readonly receiveHighWaterMark?: number | undefined;
  /** How long `dial` waits. Default 10000. */
  readonly dialTimeout?: number | undefined;
  /** How long `close` waits for the flush and for the peer to end its side. Default 5000. */
  readonly closeTimeout?: number | undefined;
}

/** {@link ConnectionOptions}, checked and complete. */
export type ConnectionLimits = Readonly<Record<keyof ConnectionOptions, number>>;

const MAX_FRAME_LENGTH = 1 << 26;

/**
 * Completes the options. Throws `argument` for one that is out of range. `headerLength` is how many
 * bytes a transport adds to a frame.
 */
export function connectionLimits(
  options: ConnectionOptions,
  headerLength: number,
): ConnectionLimits {
  const frames = { preset: MAX_FRAME_LENGTH, min: 1, max: MAX_FRAME_LENGTH };
  const maxFrameLength = wholeNumber(options, 'maxFrameLength', frames);
  const limits: ConnectionLimits = {
    maxFrameLength,
    highWaterMark: wholeNumber(options, 'highWaterMark', { preset: 1 << 20, min: 1 }),
    maxBuffered: wholeNumber(options, 'maxBuffered', {
      preset: defaultCap(maxFrameLength),
      min: maxFrameLength + headerLength,
    }),
    receiveHighWaterMark: wholeNumber(options, 'receiveHighWaterMark', { preset: 1 << 20, min: 1 }),
    dialTimeout: wholeNumber(options, 'dialTimeout', { preset: 10_000, min: 1 }),
    closeTimeout: wholeNumber(options, 'closeTimeout', { preset: 5000, min: 0 }),
  };
  if (limits.highWaterMark > limits.maxBuffered) {
    throw new TransportError('argument', 'highWaterMark must not exceed maxBuffered');
  }
  return limits;
}

/** The default of the hard cap of a buffer: two frames, and at least 16 MiB. */
export function defaultCap(maxFrameLength: number): number {
  return Math.max(2 * maxFrameLength, 1 << 24);
}
