import type { ConnectionOptions } from '@shoal/transport';
import {
  type ConnectionLimits,
  connectionLimits,
  defaultCap,
  wholeNumber,
} from '@shoal/transport/internal';

/** Limits and timeouts of connections over WebSocket. Sizes are in bytes, times in ms. */
export interface WebSocketLimitOptions extends ConnectionOptions {
  /**
   * A connection whose peer cannot be paused (a browser's WebSocket) is aborted (`overflow`) if it
   * has more unread bytes than this. At least `maxFrameLength`. Default: twice that or 16 MiB,
   * whichever is more.
   */
  readonly maxUnread?: number | undefined;
}

/** {@link WebSocketLimitOptions}, checked and complete. */
export interface WebSocketLimits extends ConnectionLimits {
  readonly maxUnread: number;
}

/** The longest header of a WebSocket frame, which is 14 bytes with its mask, rounded up. */
export const MAX_HEADER_LENGTH = 16;

/** Completes the options. Throws `argument` for one that is out of range. */
export function webSocketLimits(options: WebSocketLimitOptions): WebSocketLimits {
  const limits = connectionLimits(options, MAX_HEADER_LENGTH);
  const { maxFrameLength } = limits;
  const range = { preset: defaultCap(maxFrameLength), min: maxFrameLength };
  return { ...limits, maxUnread: wholeNumber(options, 'maxUnread', range) };
}
