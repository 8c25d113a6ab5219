import {
  type Connection,
  parseAddress,
  type StreamTransport,
  TransportError,
} from '@shoal/transport';
import { throwIfAborted } from '@shoal/transport/internal';
import { WebSocketConnection } from '../connection/websocket-connection.ts';
import { type WebSocketLimits, webSocketLimits } from '../connection/websocket-limits.ts';
import { dialBrowserSocket, type WebSocketConstructor } from './browser-socket.ts';
import { type DialTarget, dialTarget, type WebSocketDialOptions } from './dial-target.ts';

/** Options of {@link createWebSocketTransport}. */
export interface WebSocketTransportOptions extends WebSocketDialOptions {
  /**
   * The `WebSocket` to use. Default: the platform's. Where there is none, as in Node 20, it is that
   * of the package `ws`, which is loaded when it is first needed.
   */
  readonly WebSocket?: WebSocketConstructor | undefined;
}

/**
 * Creates a transport for framed connections over WebSocket, for browsers and every other platform
 * with a `WebSocket`. An address is `host:port`; path and TLS are options. The transport only
 * dials. To listen, and for back-pressure in both directions in Node, use
 * `createWebSocketServerTransport` of `@shoal/transport-websocket/server`.
 *
 * A browser does not say why it could not connect (`refused`), and cannot pause a peer: a
 * connection with more than `maxUnread` unread bytes is aborted (`overflow`). Throws `argument` for
 * an option out of range.
 */
export function createWebSocketTransport(options: WebSocketTransportOptions = {}): StreamTransport {
  const limits = webSocketLimits(options);
  return {
    async dial(address, { signal } = {}) {
      const target = await dialTarget(address, options, limits.dialTimeout, signal);
      const Platform = options.WebSocket ?? globalThis.WebSocket;
      if (Platform === undefined) return dialWithWs(target, limits, signal);
      const timing = { timeout: limits.dialTimeout, signal };
      const socket = await dialBrowserSocket(Platform, target, timing);
      return new WebSocketConnection(socket, target.remoteAddress, limits);
    },

    async listen(address, { signal } = {}) {
      parseAddress(address);
      throwIfAborted(`listen at ${address}`, signal);
      const text = `listen at ${address}: this transport only dials; use createWebSocketServerTransport to listen`;
      throw new TransportError('address', text);
    },
  };
}

async function dialWithWs(
  target: DialTarget,
  limits: WebSocketLimits,
  signal: AbortSignal | undefined,
): Promise<Connection> {
  // Not imported above: a bundle for browsers must not contain `ws`.
  const { dialWsSocket } = await import('./dial-ws-socket.ts').catch((cause: unknown) => {
    const text = `${target.doing}: this platform has no WebSocket; pass one as the option WebSocket`;
    throw new TransportError('argument', text, { cause });
  });
  const { maxFrameLength, dialTimeout: timeout } = limits;
  const socket = await dialWsSocket(target, { maxFrameLength, timeout, signal });
  return new WebSocketConnection(socket, target.remoteAddress, limits);
}
