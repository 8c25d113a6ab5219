import type { ConnectionOptions } from '@shoal/transport';
import { connectionLimits, wholeNumber } from '@shoal/transport/internal';
import { FRAME_HEADER_LENGTH } from '@shoal/wire/internal';

/** Options of TCP and TLS. Sizes are in bytes, times in ms. */
export interface StreamOptions extends ConnectionOptions {
  /**
   * The longest first frame on an accepted connection. It limits how much memory a peer can claim
   * before it has identified itself. Default: `maxFrameLength`.
   */
  readonly maxFirstFrameLength?: number | undefined;
  /**
   * TCP keep-alive: after this long without traffic the system probes the peer every second.
   * After ten unanswered probes the connection is lost (`timeout`). 0: never. Default 15000.
   */
  readonly keepAlive?: number | undefined;
  /**
   * A connection that is being read is aborted (`timeout`) if its peer sends nothing for this long.
   * 0, the default: never. Use it for protocols in which no peer stays silent: unlike `keepAlive`,
   * it also detects a peer that is gone or stuck while data is on its way to it.
   */
  readonly idleTimeout?: number | undefined;
  /** The most connections of a listener. Default 1024. */
  readonly maxConnections?: number | undefined;
  /** The most connections of a listener from one host. Default: `maxConnections`. */
  readonly maxConnectionsPerHost?: number | undefined;
  /**
   * What happens to one connection more. `refuse`, the default: it is broken off at once. `replace`:
   * it takes the place of the oldest one that nobody has vouched for, if there is one (see
   * `Connection.vouch`), so that strangers who hold connections open cannot keep others out.
   */
  readonly whenFull?: 'refuse' | 'replace' | undefined;
}

/** {@link StreamOptions}, checked and complete. */
export type StreamLimits = Readonly<Record<Exclude<keyof StreamOptions, 'whenFull'>, number>> & {
  readonly whenFull: NonNullable<StreamOptions['whenFull']>;
};

/** Completes the options. Throws `argument` for one that is out of range. */
export function streamLimits(options: StreamOptions): StreamLimits {
  const limits = connectionLimits(options, FRAME_HEADER_LENGTH);
  const { maxFrameLength } = limits;
  const maxConnections = wholeNumber(options, 'maxConnections', { preset: 1024, min: 1 });
  return {
    ...limits,
    maxFirstFrameLength: wholeNumber(options, 'maxFirstFrameLength', {
      preset: maxFrameLength,
      min: 1,
      max: maxFrameLength,
    }),
    keepAlive: wholeNumber(options, 'keepAlive', { preset: 15_000, min: 0 }),
    idleTimeout: wholeNumber(options, 'idleTimeout', { preset: 0, min: 0 }),
    whenFull: options.whenFull ?? 'refuse',
    maxConnections,
    maxConnectionsPerHost: wholeNumber(options, 'maxConnectionsPerHost', {
      preset: maxConnections,
      min: 1,
    }),
  };
}
