import { TransportError, wholeNumber } from '@shoal/transport';

/** Limits and times, as TCP has them. Sizes are in bytes, times in ms. */
export interface WebSocketLimitOptions {
  /** The longest frame to send or accept. Default 67108864 (64 MiB), which is also the most. */
  readonly maxFrameLength?: number;
  /** `send` returns false from this many unsent bytes on. Default 1 MiB. */
  readonly highWaterMark?: number;
  /**
   * A connection is aborted (`overflow`) rather than hold more unsent bytes than this. At least
   * `maxFrameLength` + 16. Default: twice `maxFrameLength`, but at least 16 MiB.
   */
  readonly maxBuffered?: number;
  /** The peer is paused from this many unread bytes on, where that can be done. Default 1 MiB. */
  readonly receiveHighWaterMark?: number;
  /**
   * Where the peer cannot be paused (a browser's WebSocket), a connection is aborted (`overflow`)
   * rather than hold more unread bytes than this. Default: as for `maxBuffered`.
   */
  readonly maxUnread?: number;
  /** How long `dial` waits. Default 10000. */
  readonly dialTimeout?: number;
  /** How long `close` waits for what was sent to be flushed and for the peer's end. Default 5000. */
  readonly closeTimeout?: number;
}

/** {@link WebSocketLimitOptions}, checked and complete. */
export type WebSocketLimits = Required<WebSocketLimitOptions>;

const MAX_FRAME_LENGTH = 1 << 26;
/** The longest header of a WebSocket frame, with its mask, and a bit. */
const HEADER = 16;

/** Completes the options. Throws `argument` for one that is out of range. */
export function webSocketLimits(options: WebSocketLimitOptions): WebSocketLimits {
  const most = MAX_FRAME_LENGTH;
  const maxFrameLength = wholeNumber('maxFrameLength', options.maxFrameLength, most, 1, most);
  const preset = Math.max(2 * maxFrameLength, 1 << 24);
  const { highWaterMark, maxBuffered, receiveHighWaterMark, maxUnread } = options;
  const limits: WebSocketLimits = {
    maxFrameLength,
    highWaterMark: wholeNumber('highWaterMark', highWaterMark, 1 << 20, 1),
    maxBuffered: wholeNumber('maxBuffered', maxBuffered, preset, maxFrameLength + HEADER),
    receiveHighWaterMark: wholeNumber('receiveHighWaterMark', receiveHighWaterMark, 1 << 20, 1),
    maxUnread: wholeNumber('maxUnread', maxUnread, preset, maxFrameLength),
    dialTimeout: wholeNumber('dialTimeout', options.dialTimeout, 10_000, 1),
    closeTimeout: wholeNumber('closeTimeout', options.closeTimeout, 5000, 0),
  };
  if (limits.highWaterMark > limits.maxBuffered) {
    throw new TransportError('argument', 'highWaterMark must not be over maxBuffered');
  }
  return limits;
}
