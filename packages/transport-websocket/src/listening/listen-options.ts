import type { IncomingHttpHeaders } from 'node:http';
import { type Connection, type Listener, TransportError } from '@shoal/transport';
import { wholeNumber } from '@shoal/transport/internal';
import {
  type WebSocketLimitOptions,
  type WebSocketLimits,
  webSocketLimits,
} from '../connection/websocket-limits.ts';

/** A handshake, as the hooks see it. All of it is what the client claims. */
export interface WebSocketRequest {
  /** The address of the TCP peer, which may be a proxy. */
  readonly remoteAddress: string;
  /** The `Origin` header; only browsers send one, and they do not let pages choose it. */
  readonly origin: string | undefined;
  /** The path with its query. */
  readonly path: string;
  /** What the client was given as `token`. */
  readonly token: string | undefined;
  readonly headers: Readonly<IncomingHttpHeaders>;
}

/** A connection that a {@link WebSocketListener} yields. */
export interface AcceptedConnection extends Connection {
  readonly request: WebSocketRequest;
}

/** A `Listener` whose connections tell how they came about. */
export interface WebSocketListener extends Listener, AsyncIterable<AcceptedConnection> {
  [Symbol.asyncIterator](): AsyncIterator<AcceptedConnection, undefined>;
}

/** Options of a listener. Sizes are in bytes, times in ms. */
export interface WebSocketListenOptions extends WebSocketLimitOptions {
  /** The path that is served; a query may follow it. Default `/`. */
  readonly path?: string | undefined;
  /**
   * The pages from which a browser may connect, by origin (`https://app.example`), or a function
   * that decides. Programs that send no origin are not asked: that is `authorize`'s affair.
   * Default: pages of the host that the browser connects to.
   */
  readonly origins?: (readonly string[] | ((origin: string) => boolean)) | undefined;
  /**
   * Whether to accept a client, once its origin is right. An error or no answer within
   * `handshakeTimeout` refuses it. Default: everybody.
   */
  readonly authorize?: ((request: WebSocketRequest) => boolean | Promise<boolean>) | undefined;
  /** How long a handshake may take. Default 10000. */
  readonly handshakeTimeout?: number | undefined;
  /**
   * How often an idle peer is asked (WebSocket ping) whether it is alive; one that shows no life
   * until the next time is broken off with `timeout`. 0: never. Default 15000.
   */
  readonly pingInterval?: number | undefined;
  /** How many connections there are at most, with those in handshake. Default 1024. */
  readonly maxConnections?: number | undefined;
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
}

/** Completes the options. Throws `argument` for one that is out of range. */
export function listenSettings(options: WebSocketListenOptions): ListenSettings {
  const { path = '/', origins } = options;
  if (!/^\/[^?#\s]*$/.test(path)) {
    throw new TransportError('argument', `a path starts with "/" and has no query, not "${path}"`);
  }
  return {
    limits: webSocketLimits(options),
    path,
    isAllowed: allowed(origins),
    authorize: options.authorize ?? (() => true),
    handshakeTimeout: wholeNumber(options, 'handshakeTimeout', { preset: 10_000, min: 1 }),
    pingInterval: wholeNumber(options, 'pingInterval', { preset: 15_000, min: 0 }),
    maxConnections: wholeNumber(options, 'maxConnections', { preset: 1024, min: 1 }),
  };
}

function allowed(
  origins: WebSocketListenOptions['origins'],
): (origin: string, host: string | undefined) => boolean {
  if (typeof origins === 'function') return (origin) => origins(origin);
  if (!origins) {
    return (origin, host) => {
      if (host === undefined) return false;
      try {
        const { protocol, host: page } = new URL(origin);
        // The host with its port, as far as it is not the scheme's own.
        return page === new URL(`${protocol}//${host}`).host;
      } catch {
        return false; // "null", which sandboxed pages have
      }
    };
  }
  const set = new Set(
    origins.map((origin) => {
      const url = URL.canParse(origin) ? new URL(origin) : undefined;
      if (url && url.origin !== 'null') return url.origin;
      throw new TransportError('argument', `not an origin like https://app.example: "${origin}"`);
    }),
  );
  return (origin) => set.has(origin);
}
