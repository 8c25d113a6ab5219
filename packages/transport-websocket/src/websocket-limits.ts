import { TransportError } from '@shoal/transport';
import { wholeNumber } from '@shoal/transport/internal';

/** Limits and times, as TCP has them. Sizes are in bytes, times in ms. */
export interface WebSocketLimitOptions {
  /** The longest frame to send or accept. Default 67108864 (64 MiB), which is also the most. */
  readonly maxFrameLength?: number | undefined;
  /** `send` returns false from this many unsent bytes on. Default 1 MiB. */
  readonly highWaterMark?: number | undefined;
  /**
   * A connection is aborted (`overflow`) rather than hold more unsent bytes than this. At least
   * `maxFrameLength` + 16. Default: twice `maxFrameLength`, but at least 16 MiB.
   */
  readonly maxBuffered?: number | undefined;
  /** The peer is paused from this many unread bytes on, where that can be done. Default 1 MiB. */
  readonly receiveHighWaterMark?: number | undefined;
  /**
   * Where the peer cannot be paused (a browser's WebSocket), a connection is aborted (`overflow`)
   * rather than hold more unread bytes than this. Default: as for `maxBuffered`.
   */
  readonly maxUnread?: number | undefined;
  /** How long `dial` waits. Default 10000. */
  readonly dialTimeout?: number | undefined;
  /** How long `close` waits for what was sent to be flushed and for the peer's end. Default 5000. */
  readonly closeTimeout?: number | undefined;
}

/** {@link WebSocketLimitOptions}, checked and complete. */
export type WebSocketLimits = Readonly<Record<keyof WebSocketLimitOptions, number>>;

const MAX_FRAME_LENGTH = 1 << 26;
/** The longest header of a WebSocket frame, with its mask, and a bit. */
const HEADER = 16;

/** Completes the options. Throws `argument` for one that is out of range. */
export function webSocketLimits(options: WebSocketLimitOptions): WebSocketLimits {
  const most = MAX_FRAME_LENGTH;
  const maxFrameLength = wholeNumber(options, 'maxFrameLength', {
    preset: most,
    min: 1,
    max: most,
  });
  const twoFrames = Math.max(2 * maxFrameLength, 1 << 24);
  const limits: WebSocketLimits = {
    maxFrameLength,
    highWaterMark: wholeNumber(options, 'highWaterMark', { preset: 1 << 20, min: 1 }),
    maxBuffered: wholeNumber(options, 'maxBuffered', {
      preset: twoFrames,
      min: maxFrameLength + HEADER,
    }),
    receiveHighWaterMark: wholeNumber(options, 'receiveHighWaterMark', { preset: 1 << 20, min: 1 }),
    maxUnread: wholeNumber(options, 'maxUnread', { preset: twoFrames, min: maxFrameLength }),
    dialTimeout: wholeNumber(options, 'dialTimeout', { preset: 10_000, min: 1 }),
    closeTimeout: wholeNumber(options, 'closeTimeout', { preset: 5000, min: 0 }),
  };
  if (limits.highWaterMark > limits.maxBuffered) {
    throw new TransportError('argument', 'highWaterMark must not be over maxBuffered');
  }
  return limits;
}
