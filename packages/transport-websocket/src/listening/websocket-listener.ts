import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  AsyncQueue,
  Emitter,
  type EventOfType,
  type EventStream,
  type EventsOptions,
  type ListenOptions,
} from '@shoal/async';
import { formatAddress, TransportError } from '@shoal/transport';
import { OpenConnections } from '@shoal/transport/internal';
import { WebSocketServer } from 'ws';
import { offeredToken, SUBPROTOCOL } from '../connection/raw-socket.ts';
import { WebSocketConnection } from '../connection/websocket-connection.ts';
import { WsSocket } from '../connection/ws-socket.ts';
import type {
  AcceptedConnection,
  HandshakeRefused,
  ListenSettings,
  RefusalReason,
  WebSocketListener,
  WebSocketListenerStats,
  WebSocketRequest,
} from './listen-options.ts';

/** The HTTP status that answers each refusal. Not 401, after which some clients retry at once. */
const STATUS: Readonly<Record<RefusalReason, string>> = {
  origin: '403 Forbidden',
  unauthorized: '403 Forbidden',
  overload: '503 Service Unavailable',
  timeout: '408 Request Timeout',
  malformed: '400 Bad Request',
  path: '404 Not Found',
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
  readonly #events: Emitter<HandshakeRefused>;
  readonly #refused = {
    origin: 0,
    unauthorized: 0,
    overload: 0,
    timeout: 0,
    malformed: 0,
    path: 0,
  };
  #accepted = 0;
  readonly #queue = new AsyncQueue<AcceptedConnection>();
  /** Sockets in handshake. */
  readonly #pending = new Set<Duplex>();
  readonly #connections: OpenConnections<Accepted>;
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
    this.#connections = new OpenConnections(settings);
    this.#onClose = onClose;
    this.#events = new Emitter({ overflowError });
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

  on<Type extends 'refused'>(
    type: Type,
    listener: (event: EventOfType<HandshakeRefused, Type>) => void,
    options?: ListenOptions,
  ): () => void {
    return this.#events.on(type, listener, options);
  }

  /** A reader that falls too far behind gets a `TransportError` with code `overflow`. */
  events(options?: EventsOptions): EventStream<HandshakeRefused> {
    return this.#events.events(options);
  }

  stats(): WebSocketListenerStats {
    return {
      connections: this.#open.size + this.#pending.size,
      accepted: this.#accepted,
      refused: { ...this.#refused },
    };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#server.off('upgrade', this.#onUpgrade);
    for (const socket of this.#pending) socket.destroy();
    const reason = new TransportError('closed', `the listener at ${this.address} is closed`);
    for (const connection of this.#queue.end()) connection.abort(reason);
    this.#events.end();
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
      if (this.#server.listenerCount('upgrade') === 1) this.#refuse(request, socket, 'path');
      return;
    }
    socket.on('error', () => socket.destroy());
    this.#pending.add(socket);
    const timer = setTimeout(
      () => this.#refuse(request, socket, 'timeout'),
      this.#settings.handshakeTimeout,
    );
    const done = (): void => {
      clearTimeout(timer);
      this.#pending.delete(socket);
    };
    socket.once('close', done);
    this.#check(request, socket as Socket).then(
      (result) => {
        if (!this.#pending.has(socket) || socket.destroyed) return;
        done();
        if (typeof result === 'string') this.#refuse(request, socket, result);
        else this.#accept(request, socket as Socket, head, result);
      },
      // A function of the application threw.
      () => this.#refuse(request, socket, 'unauthorized'),
    );
  };

  /** Returns the request of a client that may connect, or why it is refused. */
  async #check(
    request: IncomingMessage,
    socket: Socket,
  ): Promise<WebSocketRequest | RefusalReason> {
    const { maxConnections, whenFull, isAllowed, authorize } = this.#settings;
    // Those that can be replaced do not keep others from their handshake.
    const taken = whenFull === 'replace' ? 0 : this.#open.size;
    if (taken + this.#pending.size > maxConnections) return 'overload';
    const { origin, host } = request.headers;
    if (origin !== undefined && !isAllowed(origin, host)) return 'origin';
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined || remotePort === undefined) return 'malformed';
    const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(/\s*,\s*/);
    if (!protocols.includes(SUBPROTOCOL)) return 'malformed';
    const asked: WebSocketRequest = {
      remoteAddress: formatAddress({ host: remoteAddress, port: remotePort }),
      origin,
      path: request.url ?? '',
      token: offeredToken(protocols),
      headers: request.headers,
    };
    return (await authorize(asked)) === true ? asked : 'unauthorized';
  }

  /** Answers a handshake with an HTTP status, closes the socket, and reports it. */
  #refuse(request: IncomingMessage, socket: Duplex, reason: RefusalReason): void {
    if (socket.destroyed || socket.writableEnded) return;
    const { remoteAddress: host, remotePort: port } = socket as Socket;
    const remoteAddress =
      host === undefined || port === undefined ? undefined : formatAddress({ host, port });
    // Nothing more is read from it, so `destroySoon` would wait forever for its end.
    socket.once('finish', () => socket.destroy());
    socket.end(`HTTP/1.1 ${STATUS[reason]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    this.#refused[reason]++;
    const { origin } = request.headers;
    const path = request.url ?? '';
    this.#events.emit({ type: 'refused', reason, remoteAddress, origin, path });
  }

  #accept(request: IncomingMessage, socket: Socket, head: Buffer, asked: WebSocketRequest): void {
    if (!this.#connections.makeRoom(asked.remoteAddress)) {
      this.#refuse(request, socket, 'overload');
      return;
    }
    socket.setNoDelay(true);
    // For a peer that is paused, and therefore cannot answer pings.
    socket.setKeepAlive(true, 60_000);
    this.#handshakes.handleUpgrade(request, socket, head, (ws) => {
      this.#accepted++;
      const raw = new WsSocket(ws, socket);
      const connection = new Accepted(raw, asked, this.#settings);
      this.#connections.add(connection);
      this.#open.add(raw);
      this.#updatePingTimer();
      void connection.over.then(() => {
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

function overflowError(capacity: number): TransportError {
  return new TransportError('overflow', `more than ${capacity} events were not read in time`);
}
