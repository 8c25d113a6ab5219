import type { ConnectionOptions } from '@shoal/transport';
import { type ConnectionLimits, connectionLimits, wholeNumber } from '@shoal/transport/internal';

/** Options of a stream transport in memory. */
export interface MemoryStreamOptions extends ConnectionOptions {
  /** The host that the transport dials from, as a {@link LinkSelector} names it. Default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** The most connections of a listener; more are refused. Default 1024. */
  readonly maxConnections?: number | undefined;
}

/** The numbers of {@link MemoryStreamOptions}, checked and complete. */
export interface StreamLimits extends ConnectionLimits {
  readonly maxConnections: number;
}

/** Completes the options. Throws `argument` for one that is out of range. */
export function streamLimits(options: MemoryStreamOptions): StreamLimits {
  return {
    ...connectionLimits(options, 0),
    maxConnections: wholeNumber(options, 'maxConnections', { preset: 1024, min: 1 }),
  };
}
