import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AsyncQueue } from '@shoal/async';
import { formatAddress, TransportError } from '@shoal/transport';
import { WebSocketServer } from 'ws';
import { offeredToken, SUBPROTOCOL } from '../connection/raw-socket.ts';
import { WebSocketConnection } from '../connection/websocket-connection.ts';
import { WsSocket } from '../connection/ws-socket.ts';
import type {
  AcceptedConnection,
  ListenSettings,
  WebSocketListener,
  WebSocketRequest,
} from './listen-options.ts';

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  503: 'Service Unavailable',
};

/** A connection with the request that opened it. */
class Accepted extends WebSocketConnection implements AcceptedConnection {
  readonly request: WebSocketRequest;

  constructor(socket: WsSocket, request: WebSocketRequest, settings: ListenSettings) {
    super(socket, request.remoteAddress, settings.limits);
    this.request = request;
  }
}

/** Performs the WebSocket handshakes of an HTTP server. */
export class HttpListener implements WebSocketListener {
  readonly address: string;
  readonly #server: Server;
  readonly #settings: ListenSettings;
  readonly #handshakes: WebSocketServer;
  readonly #queue = new AsyncQueue<AcceptedConnection>();
  /** Sockets in handshake. */
  readonly #pending = new Set<Duplex>();
  readonly #open = new Set<WsSocket>();
  readonly #onClose: () => void;
  #pingTimer: ReturnType<typeof setInterval> | undefined;
  #isClosed = false;

  /** Calls `onClose` when the listener closes. Throws `argument` unless the server is listening. */
  constructor(server: Server, settings: ListenSettings, onClose: () => void) {
    const at = server.address();
    if (at === null || typeof at === 'string') {
      throw new TransportError('argument', 'the HTTP server must be listening on a port');
    }
    this.address = formatAddress({ host: at.address, port: at.port });
    this.#server = server;
    this.#settings = settings;
    this.#onClose = onClose;
    this.#handshakes = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: settings.limits.maxFrameLength,
      perMessageDeflate: false,
      handleProtocols: () => SUBPROTOCOL,
    });
    this.#handshakes.on('wsClientError', (_, socket) => socket.destroy());
    server.on('upgrade', this.#onUpgrade);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#server.off('upgrade', this.#onUpgrade);
    for (const socket of this.#pending) socket.destroy();
    const reason = new TransportError('closed', `the listener at ${this.address} is closed`);
    for (const connection of this.#queue.end()) connection.abort(reason);
    this.#onClose();
  }

  [Symbol.asyncIterator](): AsyncIterator<AcceptedConnection, undefined> {
    return this.#queue[Symbol.asyncIterator]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== this.#settings.path) {
      // The path may belong to another listener. If there is none, nobody else will answer.
      if (this.#server.listenerCount('upgrade') === 1) refuse(socket, 404);
      return;
    }
    socket.on('error', () => socket.destroy());
    this.#pending.add(socket);
    const timer = setTimeout(() => refuse(socket, 408), this.#settings.handshakeTimeout);
    const done = (): void => {
      clearTimeout(timer);
      this.#pending.delete(socket);
    };
    socket.once('close', done);
    this.#check(request, socket as Socket).then(
      (result) => {
        if (!this.#pending.has(socket) || socket.destroyed) return;
        done();
        if (typeof result === 'number') refuse(socket, result);
        else this.#accept(request, socket as Socket, head, result);
      },
      () => refuse(socket, 403), // A function of the application threw.
    );
  };

  /** Returns the request of a client that may connect, or the HTTP status that refuses it. */
  async #check(request: IncomingMessage, socket: Socket): Promise<WebSocketRequest | number> {
    const { maxConnections, isAllowed, authorize } = this.#settings;
    if (this.#open.size + this.#pending.size > maxConnections) return 503;
    const { origin, host } = request.headers;
    if (origin !== undefined && !isAllowed(origin, host)) return 403;
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined || remotePort === undefined) return 400;
    const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(/\s*,\s*/);
    if (!protocols.includes(SUBPROTOCOL)) return 400;
    const asked: WebSocketRequest = {
      remoteAddress: formatAddress({ host: remoteAddress, port: remotePort }),
      origin,
      path: request.url ?? '',
      token: offeredToken(protocols),
      headers: request.headers,
    };
    // Not 401, which asks for HTTP authentication and makes some clients retry at once.
    return (await authorize(asked)) === true ? asked : 403;
  }

  #accept(request: IncomingMessage, socket: Socket, head: Buffer, asked: WebSocketRequest): void {
    socket.setNoDelay(true);
    // For a peer that is paused, and therefore cannot answer pings.
    socket.setKeepAlive(true, 60_000);
    this.#handshakes.handleUpgrade(request, socket, head, (ws) => {
      const raw = new WsSocket(ws, socket);
      const connection = new Accepted(raw, asked, this.#settings);
      this.#open.add(raw);
      this.#updatePingTimer();
      void connection.gone.then(() => {
        this.#open.delete(raw);
        this.#updatePingTimer();
      });
      if (this.#queue.push(connection)) return;
      connection.abort(new TransportError('closed', 'the listener is closed'));
    });
  }

  /** Runs one timer for all connections while there are any. */
  #updatePingTimer(): void {
    const { pingInterval } = this.#settings;
    if (this.#open.size === 0) {
      clearInterval(this.#pingTimer);
      this.#pingTimer = undefined;
    } else if (pingInterval > 0) {
      this.#pingTimer ??= setInterval(() => {
        for (const raw of this.#open) raw.probe();
      }, pingInterval);
    }
  }
}

/** Answers a handshake with an HTTP status and closes the socket. */
function refuse(socket: Duplex, status: number): void {
  if (socket.destroyed) return;
  const text = `HTTP/1.1 ${status} ${REASONS[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
  // Nothing more is read from it, so `destroySoon` would wait forever for its end.
  socket.once('finish', () => socket.destroy());
  socket.end(text);
}
