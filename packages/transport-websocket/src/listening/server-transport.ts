import { createServer, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import { onAbort } from '@shoal/async';
import { parseAddress, type StreamTransport, TransportError } from '@shoal/transport';
import { systemError, throwIfAborted } from '@shoal/transport/internal';
import { WebSocketConnection } from '../connection/websocket-connection.ts';
import { dialTarget, type WebSocketDialOptions } from '../dialing/dial-target.ts';
import { dialWsSocket } from '../dialing/dial-ws-socket.ts';
import {
  type ListenSettings,
  listenSettings,
  type WebSocketListener,
  type WebSocketListenOptions,
} from './listen-options.ts';
import { HttpListener } from './websocket-listener.ts';

/** Options of {@link createWebSocketServerTransport}. */
export interface WebSocketServerOptions
  extends WebSocketListenOptions,
    Omit<WebSocketDialOptions, 'path'> {
  /** The certificate and key, in PEM, for listening over TLS. Default: no TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /**
   * Trusted certificates, in PEM, for checking the server that is dialed. Default: the system's.
   */
  readonly ca?: string | undefined;
  /** Additional HTTP headers for the handshake of `dial`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A `StreamTransport` whose accepted connections know their request. */
export interface WebSocketServerTransport extends StreamTransport {
  listen(
    address: string,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<WebSocketListener>;
}

/**
 * Creates a transport for framed connections over WebSocket in Node, on top of `ws`. It dials and
 * listens, with back-pressure in both directions. Throws `argument` for an option out of range;
 * `listen` rejects with `argument` for a certificate or key that cannot be read.
 */
export function createWebSocketServerTransport(
  options: WebSocketServerOptions = {},
): WebSocketServerTransport {
  const settings = listenSettings(options);
  const { limits } = settings;
  return {
    async dial(address, { signal } = {}) {
      const target = await dialTarget(address, options, limits.dialTimeout, signal);
      const { maxFrameLength, dialTimeout: timeout } = limits;
      const { ca, headers } = options;
      const socket = await dialWsSocket(target, { maxFrameLength, timeout, signal, ca, headers });
      return new WebSocketConnection(socket, target.remoteAddress, limits);
    },

    async listen(address, { signal } = {}) {
      const { host, port } = parseAddress(address);
      const doing = `listen at ${address}`;
      throwIfAborted(doing, signal);
      const server = httpServer(options.tls, settings);
      await new Promise<void>((resolve, reject) => {
        const failed = (cause: Error): void => reject(systemError(doing, cause));
        server.once('error', failed);
        server.listen({ host, port, exclusive: true }, () => {
          server.off('error', failed);
          // A connection that could not be accepted (too many open files) must not stop the others.
          server.on('error', () => {});
          resolve();
        });
      });
      let cancel = (): void => {};
      const listener = new HttpListener(server, settings, () => {
        // Not awaited: the port is free at once, but the callback waits for the last connection.
        server.close();
        server.closeAllConnections();
        cancel();
      });
      cancel = onAbort(signal, () => void listener.close());
      throwIfAborted(doing, signal);
      return listener;
    },
  };
}

/**
 * Accepts connections at `options.path` of your own HTTP or HTTPS server, which must be listening.
 * Closing the listener does not close the server. Throws `argument` for an option out of range, or
 * if the server is not listening on a port.
 */
export function attachWebSocketListener(
  server: Server | SecureServer,
  options: WebSocketListenOptions = {},
): WebSocketListener {
  return new HttpListener(server, listenSettings(options), () => {});
}

/** A server that does nothing but WebSocket handshakes. */
function httpServer(tls: WebSocketServerOptions['tls'], settings: ListenSettings): Server {
  const { handshakeTimeout, maxConnections, whenFull } = settings;
  const options = {
    headersTimeout: handshakeTimeout,
    requestTimeout: handshakeTimeout,
    connectionsCheckingInterval: handshakeTimeout,
    keepAliveTimeout: 1000,
  };
  const answer = (_: unknown, response: ServerResponse): void => {
    response.writeHead(426, { Connection: 'close', Upgrade: 'websocket' }).end();
  };
  let server: Server;
  try {
    server = tls
      ? createSecureServer({ ...options, ...tls, handshakeTimeout }, answer)
      : createServer(options, answer);
  } catch (cause) {
    throw new TransportError('argument', 'tls: invalid certificate or key', { cause });
  }
  // A few more than the connections, so that a client over the limit gets an answer; or as many more,
  // which may be in handshake before they replace others.
  server.maxConnections = whenFull === 'replace' ? 2 * maxConnections : maxConnections + 64;
  return server;
}
