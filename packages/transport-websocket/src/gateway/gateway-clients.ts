import { type Connection, type Listener, TransportError } from '@shoal/transport';
import { wholeNumber } from '@shoal/transport/internal';
import { isClientName } from '../protocol/client-name.ts';
import {
  decodeGatewayMessage,
  encodeGatewayMessage,
  GATEWAY_VERSION,
  KEY_LENGTH,
  type Refusal,
} from '../protocol/gateway-message.ts';
import type { GatewayOptions, GatewayStats } from './gateway-options.ts';
import { GatewaySession } from './gateway-session.ts';
import { RateLimit } from './rate-limit.ts';

/** The longest message of a client: a datagram, with its destination. */
const MAX_MESSAGE_LENGTH = 65_535 + 512;

type Counters = { -readonly [Name in keyof GatewayStats]: GatewayStats[Name] };

/** What clients need to know of their gateway. */
interface Place {
  readonly localAddress: string;
  readonly maxDatagramSize: number;
}

/** The clients of a gateway, by name. Accepts their connections. */
export class GatewayClients {
  readonly #place: Place;
  readonly #stats: Counters;
  readonly #onSend: (client: string, to: string, bytes: Uint8Array) => void;
  readonly #listener: Listener;
  readonly #nameOf: GatewayOptions['nameOf'];
  readonly #maxClients: number;
  readonly #maxRate: number;
  /** How many datagrams may come from all clients together. */
  readonly #totalRate: RateLimit;
  readonly #helloTimeout: number;
  readonly #resumeTimeout: number;
  readonly #randomBytes: (length: number) => Uint8Array;
  /** By name, including lost clients whose name is kept. */
  readonly #sessions = new Map<string, GatewaySession>();
  /** Connections that have not said hello yet. */
  readonly #strangers = new Set<Connection>();
  readonly #idleTimer: ReturnType<typeof setInterval>;
  readonly #serving: Promise<void>;
  #isClosed = false;

  /** Calls `onSend` for the datagrams of clients, within their rate. Throws `argument`. */
  constructor(
    options: GatewayOptions,
    place: Place,
    stats: Counters,
    onSend: (client: string, to: string, bytes: Uint8Array) => void,
  ) {
    this.#place = place;
    this.#stats = stats;
    this.#onSend = onSend;
    this.#listener = options.listener;
    this.#nameOf = options.nameOf;
    this.#maxClients = wholeNumber(options, 'maxClients', { preset: 1024, min: 1 });
    this.#maxRate = wholeNumber(options, 'maxRate', { preset: 1000, min: 1 });
    const totalRate = wholeNumber(options, 'maxTotalRate', { preset: 20_000, min: 1 });
    this.#totalRate = new RateLimit(totalRate);
    this.#helloTimeout = wholeNumber(options, 'helloTimeout', { preset: 5000, min: 1 });
    this.#resumeTimeout = wholeNumber(options, 'resumeTimeout', { preset: 10_000, min: 0 });
    const idle = wholeNumber(options, 'idleTimeout', { preset: 15_000, min: 2 });
    this.#randomBytes =
      options.randomBytes ?? ((length) => crypto.getRandomValues(new Uint8Array(length)));
    this.#idleTimer = setInterval(() => this.#dropIdle(), idle / 2);
    this.#serving = this.#serve();
  }

  /** The addresses of the connected clients. */
  addresses(): string[] {
    const connected = [...this.#sessions.values()].filter((session) => session.connection);
    return connected.map((session) => this.addressOf(session.name));
  }

  addressOf(name: string): string {
    return `${this.#place.localAddress}!${name}`;
  }

  /** Sends a datagram to a client. Returns false if it was dropped. */
  deliver(from: string, client: string, bytes: Uint8Array): boolean {
    const session = this.#sessions.get(client);
    if (!session) {
      this.#stats.unknown++;
      return false;
    }
    const taken = session.deliver(from, bytes);
    if (taken) this.#stats.toClients++;
    else this.#stats.dropped++;
    return taken;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#idleTimer);
    const text = `the gateway at ${this.#place.localAddress} is closed`;
    const reason = new TransportError('closed', text);
    for (const stranger of this.#strangers) stranger.abort(reason);
    const closings: Promise<void>[] = [this.#listener.close()];
    for (const session of this.#sessions.values()) {
      clearTimeout(session.expiry);
      // An orderly end: sent datagrams arrive. The client then looks for another gateway.
      if (session.connection) closings.push(session.connection.close());
    }
    this.#sessions.clear();
    await Promise.all(closings);
    await this.#serving;
  }

  async #serve(): Promise<void> {
    for await (const connection of this.#listener) {
      connection.limitFrames?.(MAX_MESSAGE_LENGTH);
      if (this.#isClosed) connection.abort(new TransportError('closed', 'the gateway is closed'));
      else void this.#welcome(connection);
    }
  }

  /** Serves a client from its hello to its end. Never rejects. */
  async #welcome(connection: Connection): Promise<void> {
    const timer = setTimeout(() => {
      connection.abort(new TransportError('timeout', 'the client did not say hello in time'));
    }, this.#helloTimeout);
    this.#strangers.add(connection);
    let session: GatewaySession | undefined;
    let ended = false;
    try {
      const frames = connection[Symbol.asyncIterator]();
      const { value: first } = await frames.next();
      if (!first || this.#isClosed) {
        return connection.abort(new TransportError('closed', 'the client did not say hello'));
      }
      session = await this.#open(connection, first);
      this.#strangers.delete(connection);
      clearTimeout(timer);
      if (!session) return;
      for (let next = await frames.next(); !next.done; next = await frames.next()) {
        session.heard = true;
        // Answers that the client does not read must not pile up: it then sends in vain, too.
        if (!this.#onMessage(session, connection, next.value)) await connection.ready();
      }
      ended = true;
    } catch (cause) {
      if (cause instanceof TransportError && cause.code === 'protocol') this.#stats.refused++;
      connection.abort(new TransportError('protocol', 'the client broke the protocol', { cause }));
    } finally {
      clearTimeout(timer);
      this.#strangers.delete(connection);
      if (session?.connection === connection) this.#lose(session, ended);
      if (ended) void connection.close();
    }
  }

  /** Opens or continues the session that a hello asks for. Undefined if the client is refused. */
  async #open(connection: Connection, first: Uint8Array): Promise<GatewaySession | undefined> {
    const hello = decodeGatewayMessage(first);
    if (hello.type !== 'hello') {
      throw new TransportError('protocol', `a client must begin with hello, not ${hello.type}`);
    }
    if (hello.version !== GATEWAY_VERSION) {
      return this.#refuse(connection, 'version', `this gateway speaks version ${GATEWAY_VERSION}`);
    }
    let session = this.#sessionOf(hello.name, hello.key);
    if (session) {
      session.connection?.abort(new TransportError('closed', 'the client opened a new connection'));
    } else {
      const nameOf = this.#nameOf;
      const name = nameOf ? nameOf(hello.name, connection) : hello.name || this.#freeName();
      if (name === undefined || !isClientName(name) || this.#sessions.has(name)) {
        return this.#refuse(connection, 'name', 'the name is taken or not allowed');
      }
      if (this.#sessions.size >= this.#maxClients) {
        return this.#refuse(connection, 'full', `the gateway is full: ${this.#maxClients} clients`);
      }
      // A client that brings a key has it from another gateway behind the same address. If the
      // gateways keep that key, the client can return to each of them.
      const key = hello.key.length > 0 ? hello.key.slice() : this.#randomBytes(KEY_LENGTH);
      session = new GatewaySession({ name, wanted: hello.name, key, rate: this.#maxRate });
      this.#sessions.set(name, session);
    }
    connection.vouch?.();
    session.attach(connection);
    const { key } = session;
    const address = this.addressOf(session.name);
    const { maxDatagramSize } = this.#place;
    connection.send(encodeGatewayMessage({ type: 'welcome', address, key, maxDatagramSize }));
    return session;
  }

  /** The session of the client that has or wanted this name, if the key is the right one. */
  #sessionOf(name: string, key: Uint8Array): GatewaySession | undefined {
    if (key.length === 0) return undefined;
    for (const session of this.#sessions.values()) {
      const isNamed = session.name === name || session.wanted === name;
      if (isNamed && isSame(session.key, key)) return session;
    }
    return undefined;
  }

  async #refuse(connection: Connection, reason: Refusal, text: string): Promise<undefined> {
    this.#stats.refused++;
    connection.send(encodeGatewayMessage({ type: 'refused', reason, text }));
    await connection.close();
  }

  #freeName(): string {
    for (;;) {
      const bytes = this.#randomBytes(12);
      const name = Array.from(bytes, (byte) => 'abcdefghijklmnopqrstuvwxyz234567'[byte & 31]).join(
        '',
      );
      if (!this.#sessions.has(name)) return name;
    }
  }

  /** Returns false if the client must read before anything else of it is read. */
  #onMessage(session: GatewaySession, connection: Connection, frame: Uint8Array): boolean {
    const message = decodeGatewayMessage(frame);
    if (message.type === 'ping') return connection.send(encodeGatewayMessage({ type: 'pong' }));
    if (message.type !== 'send') {
      throw new TransportError('protocol', `a client must not send ${message.type}`);
    }
    const now = performance.now();
    if (session.rate.take(now) && this.#totalRate.take(now)) {
      this.#onSend(session.name, message.to, message.bytes);
    } else this.#stats.limited++;
    return true;
  }

  /** Keeps the name of a lost client for a while, unless the client ended the connection itself. */
  #lose(session: GatewaySession, ended: boolean): void {
    session.connection = undefined;
    const forget = (): void => void this.#sessions.delete(session.name);
    if (ended || this.#isClosed || this.#resumeTimeout === 0) forget();
    else session.expiry = setTimeout(forget, this.#resumeTimeout);
  }

  #dropIdle(): void {
    for (const session of this.#sessions.values()) {
      if (!session.heard) {
        session.connection?.abort(
          new TransportError('timeout', 'the client sent nothing for too long'),
        );
      }
      session.heard = false;
    }
  }
}

/** Compares in constant time: how long it takes does not tell where the first difference is. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ (b[i] ?? 0);
  return difference === 0;
}
