import type { IncomingHttpHeaders } from 'node:http';
import type { EventSource } from '@shoal/async';
import { type Connection, type Listener, TransportError } from '@shoal/transport';
import { wholeNumber } from '@shoal/transport/internal';
import {
  type WebSocketLimitOptions,
  type WebSocketLimits,
  webSocketLimits,
} from '../connection/websocket-limits.ts';

/** A request to connect. Everything but `remoteAddress` is what the client claims. */
export interface WebSocketRequest {
  /** The address of the TCP peer, which may be a proxy. */
  readonly remoteAddress: string;
  /** The `Origin` header. Browsers always send the page's; other programs may send none, or any. */
  readonly origin: string | undefined;
  /** The path with its query. */
  readonly path: string;
  /** The client's `token`. */
  readonly token: string | undefined;
  readonly headers: Readonly<IncomingHttpHeaders>;
}

/** A connection of a {@link WebSocketListener}. */
export interface AcceptedConnection extends Connection {
  readonly request: WebSocketRequest;
}

/**
 * Why a handshake was refused. `origin`: the page's origin is not allowed. `unauthorized`:
 * `authorize` did not return true. `overload`: there are `maxConnections`. `timeout`: no answer
 * within `handshakeTimeout`. `malformed`: not a client of this protocol. `path`: nobody serves it.
 */
export type RefusalReason =
  | 'origin'
  | 'unauthorized'
  | 'overload'
  | 'timeout'
  | 'malformed'
  | 'path';

/** A handshake was refused. Everything but `reason` and `remoteAddress` is what the client claims. */
export interface HandshakeRefused {
  readonly type: 'refused';
  readonly reason: RefusalReason;
  /** The address of the TCP peer, which may be a proxy; undefined if it is gone. */
  readonly remoteAddress: string | undefined;
  readonly origin: string | undefined;
  /** The path with its query. */
  readonly path: string;
}

/** Counts since a listener was created. */
export interface WebSocketListenerStats {
  /** Connections in handshake, or open. */
  readonly connections: number;
  readonly accepted: number;
  /** Handshakes that were refused, by reason. */
  readonly refused: Readonly<Record<RefusalReason, number>>;
}

/** A `Listener` whose connections know their request, and which reports whom it refuses. */
export interface WebSocketListener
  extends Listener,
    AsyncIterable<AcceptedConnection>,
    EventSource<HandshakeRefused> {
  stats(): WebSocketListenerStats;
  [Symbol.asyncIterator](): AsyncIterator<AcceptedConnection, undefined>;
}

/** Options of a listener. Sizes are in bytes, times in ms. */
export interface WebSocketListenOptions extends WebSocketLimitOptions {
  /** The path to serve, which starts with `/`. Requests may add a query. Default `/`. */
  readonly path?: string | undefined;
  /**
   * The origins of pages that may connect (`https://app.example`), or a function that decides.
   * Requests without an origin, which do not come from browsers, are left to `authorize`. Default:
   * only pages loaded from the host and port that the browser connects to.
   */
  readonly origins?: (readonly string[] | ((origin: string) => boolean)) | undefined;
  /**
   * Whether to accept a client whose origin is allowed. Anything but true, an error, or no answer
   * within `handshakeTimeout` refuses it. Default: accepts all.
   */
  readonly authorize?: ((request: WebSocketRequest) => boolean | Promise<boolean>) | undefined;
  /** How long a handshake may take. Default 10000. */
  readonly handshakeTimeout?: number | undefined;
  /**
   * The time between WebSocket pings to an idle peer. The connection to a peer that shows no sign
   * of life between two pings is lost with `timeout`. 0: never. Default 15000.
   */
  readonly pingInterval?: number | undefined;
  /** The most connections, including those in handshake. Default 1024. */
  readonly maxConnections?: number | undefined;
  /** The most connections from one host, which may be a proxy. Default: `maxConnections`. */
  readonly maxConnectionsPerHost?: number | undefined;
  /**
   * What happens to one connection more. `refuse`, the default: it is refused. `replace`: it takes
   * the place of the oldest one that nobody has vouched for, if there is one (see
   * `Connection.vouch`): a gateway vouches for its clients, and a node for its members.
   */
  readonly whenFull?: 'refuse' | 'replace' | undefined;
}

/** {@link WebSocketListenOptions}, checked and complete. */
export interface ListenSettings {
  readonly limits: WebSocketLimits;
  readonly path: string;
  readonly isAllowed: (origin: string, host: string | undefined) => boolean;
  readonly authorize: (request: WebSocketRequest) => boolean | Promise<boolean>;
  readonly handshakeTimeout: number;
  readonly pingInterval: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerHost: number;
  readonly whenFull: 'refuse' | 'replace';
}

/** Completes the options. Throws `argument` for one that is out of range. */
export function listenSettings(options: WebSocketListenOptions): ListenSettings {
  const { path = '/', origins } = options;
  if (!/^\/[^?#\s]*$/.test(path)) {
    throw new TransportError(
      'argument',
      `path must start with "/" and have no query, not "${path}"`,
    );
  }
  const maxConnections = wholeNumber(options, 'maxConnections', { preset: 1024, min: 1 });
  return {
    limits: webSocketLimits(options),
    path,
    isAllowed: allowed(origins),
    authorize: options.authorize ?? (() => true),
    handshakeTimeout: wholeNumber(options, 'handshakeTimeout', { preset: 10_000, min: 1 }),
    pingInterval: wholeNumber(options, 'pingInterval', { preset: 15_000, min: 0 }),
    maxConnections,
    maxConnectionsPerHost: wholeNumber(options, 'maxConnectionsPerHost', {
      preset: maxConnections,
      min: 1,
    }),
    whenFull: options.whenFull ?? 'refuse',
  };
}

/** Returns the check of origins. Throws `argument` for an invalid one. */
function allowed(
  origins: WebSocketListenOptions['origins'],
): (origin: string, host: string | undefined) => boolean {
  if (typeof origins === 'function') return (origin) => origins(origin);
  if (!origins) {
    return (origin, host) => {
      if (host === undefined) return false;
      try {
        const { protocol, host: page } = new URL(origin);
        // The host with its port, unless that is the default of the scheme.
        return page === new URL(`${protocol}//${host}`).host;
      } catch {
        return false; // "null", the origin of sandboxed pages
      }
    };
  }
  const set = new Set(
    origins.map((origin) => {
      const url = URL.canParse(origin) ? new URL(origin) : undefined;
      if (url && url.origin !== 'null') return url.origin;
      throw new TransportError(
        'argument',
        `origins: "${origin}" is not an origin such as https://app.example`,
      );
    }),
  );
  return (origin) => set.has(origin);
}
