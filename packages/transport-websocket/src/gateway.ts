import {
  type Connection,
  type DatagramTransport,
  hostFamily,
  type Listener,
  parseAddress,
  TransportError,
} from '@shoal/transport';
import { callOut, whole } from './checks.ts';
import { type Destination, Destinations } from './destinations.ts';
import { checkSize, datagramRoom } from './gateway-aware-transport.ts';
import {
  decodeGatewayMessage,
  encodeGatewayMessage,
  GATEWAY_VERSION,
  isClientName,
  KEY_LENGTH,
  looksWrapped,
  type Refusal,
  unwrap,
  wrap,
} from './gateway-protocol.ts';
import { GatewaySession } from './gateway-session.ts';

/** Options of {@link createGateway}. Times are in ms. */
export interface GatewayOptions {
  /** The member's own transport, which the gateway takes over. */
  readonly udp: DatagramTransport;
  /** Where clients connect, which it takes over as well. */
  readonly listener: Listener;
  /**
   * The address at which members reach `udp`; clients are at this address, `!`, and their name.
   * Default: its `localAddress`, unless that is a wildcard like `0.0.0.0`.
   */
  readonly address?: string;
  /**
   * The name of a client that asks for `wanted`, or for any if that is ''; `undefined` refuses
   * it. 1..22 letters, digits, `.`, `_`, `~` or `-`. Default: what is wanted, or random letters.
   */
  readonly nameOf?: (wanted: string, connection: Connection) => string | undefined;
  /** Whether a client may send to a member. Default: to everybody. */
  readonly mayReach?: (client: string, destination: string) => boolean;
  /** How many clients there are at most, with those who are expected back. Default 1024. */
  readonly maxClients?: number;
  /** How many datagrams a client may send per second, on average; more are dropped. Default 1000. */
  readonly maxRate?: number;
  /** How long a new connection may take to say hello. Default 5000. */
  readonly helloTimeout?: number;
  /** After how long without anything from a client it counts as lost. Default 15000. */
  readonly idleTimeout?: number;
  /** How long the name of a client that was lost is kept for it. Default 10000. */
  readonly resumeTimeout?: number;
  /** Random bytes for names and keys. Default: `crypto.getRandomValues`. */
  readonly randomBytes?: (length: number) => Uint8Array;
}

/** Counters since a gateway was made. */
export interface GatewayStats {
  /** Datagrams that went to clients and came from them. */
  readonly toClients: number;
  readonly fromClients: number;
  /** Dropped: the client does not read fast enough, or has gone for the moment. */
  readonly dropped: number;
  /** Dropped: the client sends too many. */
  readonly limited: number;
  /** Dropped: no such client. */
  readonly unknown: number;
  /** Dropped: a bad envelope, too long, or to where nothing may or can be sent. */
  readonly invalid: number;
  /** Dropped: for the member itself, while it had no handler. */
  readonly unclaimed: number;
  /** Clients that were refused, or broken off for what they sent. */
  readonly refused: number;
}

/**
 * The transport of a member that is also a gateway: use it in the place of `udp`. Closing it
 * closes `udp`, the listener, and the connections of the clients.
 */
export interface Gateway extends DatagramTransport {
  /** The addresses of the clients that are connected. */
  clients(): string[];
  stats(): GatewayStats;
}

/**
 * Makes a member a gateway: clients that cannot have a UDP socket, like browser tabs, connect to
 * `listener`, and are members of the cluster at `host:port!client`. Throws `argument`, `address`.
 */
export function createGateway(options: GatewayOptions): Gateway {
  return new UdpGateway(options);
}

class UdpGateway implements Gateway {
  readonly localAddress: string;
  readonly maxDatagramSize: number;
  readonly #udp: DatagramTransport;
  readonly #listener: Listener;
  readonly #options: GatewayOptions;
  readonly #maxClients: number;
  readonly #maxRate: number;
  readonly #helloTimeout: number;
  readonly #resumeTimeout: number;
  readonly #randomBytes: (length: number) => Uint8Array;
  readonly #places: ReadonlySet<string>;
  readonly #destinations = new Destinations();
  readonly #sessions = new Map<string, GatewaySession>();
  /** Connections that have not said hello. */
  readonly #strangers = new Set<Connection>();
  readonly #idleTimer: ReturnType<typeof setInterval>;
  readonly #serving: Promise<void>;
  #handler: ((from: string, bytes: Uint8Array) => void) | undefined;
  #closing: Promise<void> | undefined;
  readonly #stats = {
    toClients: 0,
    fromClients: 0,
    dropped: 0,
    limited: 0,
    unknown: 0,
    invalid: 0,
    unclaimed: 0,
    refused: 0,
  };

  constructor(options: GatewayOptions) {
    const { udp, listener, maxClients, maxRate, helloTimeout, idleTimeout, resumeTimeout } =
      options;
    this.#options = options;
    this.#maxClients = whole('maxClients', maxClients, 1024, 1);
    this.#maxRate = whole('maxRate', maxRate, 1000, 1);
    this.#helloTimeout = whole('helloTimeout', helloTimeout, 5000, 1);
    this.#resumeTimeout = whole('resumeTimeout', resumeTimeout, 10_000, 0);
    const idle = whole('idleTimeout', idleTimeout, 15_000, 2);
    this.#randomBytes =
      options.randomBytes ?? ((length) => crypto.getRandomValues(new Uint8Array(length)));
    this.maxDatagramSize = Math.min(datagramRoom(udp), 65_535);
    this.localAddress = advertised(options.address ?? udp.localAddress);
    this.#places = new Set([this.localAddress, udp.localAddress]);
    this.#udp = udp;
    this.#listener = listener;
    udp.receive((from, bytes) => this.#onDatagram(from, bytes));
    this.#idleTimer = setInterval(() => this.#dropIdle(), idle / 2);
    this.#serving = this.#serve();
  }

  send(to: string, bytes: Uint8Array): boolean {
    checkSize(bytes, this.maxDatagramSize);
    if (this.#closing) return false;
    const destination = this.#destinations.get(to);
    return destination !== undefined && this.#route('', destination, bytes);
  }

  receive(handler: (from: string, bytes: Uint8Array) => void): void {
    this.#handler = handler;
  }

  clients(): string[] {
    const connected = [...this.#sessions.values()].filter((session) => session.connection);
    return connected.map((session) => this.#addressOf(session.name));
  }

  stats(): GatewayStats {
    return { ...this.#stats };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    clearInterval(this.#idleTimer);
    const reason = new TransportError('closed', `the gateway at ${this.localAddress} is closed`);
    for (const stranger of this.#strangers) stranger.abort(reason);
    const closings: Promise<void>[] = [this.#listener.close(), this.#udp.close()];
    for (const session of this.#sessions.values()) {
      clearTimeout(session.expiry);
      // In order, so that what was sent arrives; the client then looks for another gateway.
      if (session.connection) closings.push(session.connection.close());
    }
    this.#sessions.clear();
    await Promise.all(closings);
    await this.#serving;
  }

  #addressOf(name: string): string {
    return name === '' ? this.localAddress : `${this.localAddress}!${name}`;
  }

  /** Sends on what a client, or the member itself (''), sends. */
  #route(source: string, { place, client, address }: Destination, bytes: Uint8Array): boolean {
    if (!this.#places.has(place)) {
      const plain = source === '' && client === '' && !looksWrapped(bytes);
      return this.#udp.send(place, plain ? bytes : wrap(source, client, bytes));
    }
    if (client !== '') return this.#deliver(this.#addressOf(source), client, bytes);
    // To itself: its socket would not tell who sent it.
    if (source === '')
      return this.#udp.send(address, looksWrapped(bytes) ? wrap('', '', bytes) : bytes);
    this.#claim(this.#addressOf(source), bytes);
    return true;
  }

  #deliver(from: string, client: string, bytes: Uint8Array): boolean {
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

  /** Hands a datagram to the member itself. */
  #claim(from: string, bytes: Uint8Array): void {
    if (this.#handler && !this.#closing) callOut(this.#handler, from, bytes);
    else this.#stats.unclaimed++;
  }

  #onDatagram(from: string, bytes: Uint8Array): void {
    if (!looksWrapped(bytes)) return this.#claim(from, bytes);
    const envelope = unwrap(bytes);
    if (!envelope) {
      this.#stats.invalid++;
      return;
    }
    const { source, destination } = envelope;
    const sender = source === '' ? from : `${from}!${source}`;
    if (destination === '') this.#claim(sender, envelope.bytes);
    else this.#deliver(sender, destination, envelope.bytes);
  }

  async #serve(): Promise<void> {
    for await (const connection of this.#listener) {
      if (this.#closing) connection.abort(new TransportError('closed', 'the gateway is closed'));
      else void this.#welcome(connection);
    }
  }

  /** Serves a client from its hello to its end. Never rejects. */
  async #welcome(connection: Connection): Promise<void> {
    const timer = setTimeout(() => {
      connection.abort(new TransportError('timeout', 'the client said no hello'));
    }, this.#helloTimeout);
    this.#strangers.add(connection);
    let session: GatewaySession | undefined;
    let ended = false;
    try {
      const frames = connection[Symbol.asyncIterator]();
      const { value: first } = await frames.next();
      if (!first || this.#closing)
        return connection.abort(new TransportError('closed', 'no hello'));
      session = await this.#open(connection, first);
      this.#strangers.delete(connection);
      clearTimeout(timer);
      if (!session) return;
      for (let next = await frames.next(); !next.done; next = await frames.next()) {
        session.heard = true;
        this.#onMessage(session, connection, next.value);
      }
      ended = true;
    } catch (cause) {
      if (cause instanceof TransportError && cause.code === 'protocol') this.#stats.refused++;
      connection.abort(new TransportError('protocol', 'a fault of the client', { cause }));
    } finally {
      clearTimeout(timer);
      this.#strangers.delete(connection);
      if (session?.connection === connection) this.#lose(session, ended);
      if (ended) void connection.close();
    }
  }

  /** The session that a hello asks for; `undefined` when the client was refused. */
  async #open(connection: Connection, first: Uint8Array): Promise<GatewaySession | undefined> {
    const hello = decodeGatewayMessage(first);
    if (hello.type !== 'hello') {
      throw new TransportError('protocol', `the client began with ${hello.type}`);
    }
    if (hello.version !== GATEWAY_VERSION) {
      return this.#refuse(connection, 'version', `this gateway speaks version ${GATEWAY_VERSION}`);
    }
    const known = this.#sessions.get(hello.name);
    let session = known && isSame(known.key, hello.key) ? known : undefined;
    if (session) {
      session.connection?.abort(new TransportError('closed', 'another connection took its place'));
    } else {
      const { nameOf } = this.#options;
      const name = nameOf ? nameOf(hello.name, connection) : hello.name || this.#freeName();
      if (name === undefined || !isClientName(name) || this.#sessions.has(name)) {
        return this.#refuse(connection, 'name', 'the name is taken or not allowed');
      }
      if (this.#sessions.size >= this.#maxClients) {
        return this.#refuse(connection, 'full', `${this.#maxClients} clients are here`);
      }
      session = new GatewaySession(name, this.#randomBytes(KEY_LENGTH), this.#maxRate);
      this.#sessions.set(name, session);
    }
    session.attach(connection);
    const { name, key } = session;
    const address = this.#addressOf(name);
    const { maxDatagramSize } = this;
    connection.send(encodeGatewayMessage({ type: 'welcome', address, key, maxDatagramSize }));
    return session;
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

  #onMessage(session: GatewaySession, connection: Connection, frame: Uint8Array): void {
    const message = decodeGatewayMessage(frame);
    if (message.type === 'ping') {
      connection.send(encodeGatewayMessage({ type: 'pong' }));
      return;
    }
    if (message.type !== 'send') {
      throw new TransportError('protocol', `a client does not send ${message.type}`);
    }
    if (!session.mayGo(this.#maxRate, performance.now())) {
      this.#stats.limited++;
      return;
    }
    const destination = this.#destinations.get(message.to);
    const { mayReach } = this.#options;
    if (
      !destination ||
      message.bytes.length > this.maxDatagramSize ||
      (mayReach && !mayReach(session.name, destination.address))
    ) {
      this.#stats.invalid++;
      return;
    }
    this.#stats.fromClients++;
    this.#route(session.name, destination, message.bytes);
  }

  /** Keeps the name of a client for a while, unless it has ended in order. */
  #lose(session: GatewaySession, ended: boolean): void {
    session.connection = undefined;
    const forget = (): void => void this.#sessions.delete(session.name);
    if (ended || this.#closing || this.#resumeTimeout === 0) forget();
    else session.expiry = setTimeout(forget, this.#resumeTimeout);
  }

  #dropIdle(): void {
    for (const session of this.#sessions.values()) {
      if (!session.heard) {
        session.connection?.abort(new TransportError('timeout', 'nothing came from the client'));
      }
      session.heard = false;
    }
  }
}

/** The canonical form of an address that members can send to. */
function advertised(text: string): string {
  const { host, port, client } = parseAddress(text);
  const destination = new Destinations().get(text);
  const isWildcard = hostFamily(host) !== 0 && (host === '0.0.0.0' || host === '::');
  if (!destination || client !== undefined || port === 0 || isWildcard) {
    throw new TransportError('argument', `address: members cannot send to ${text}`);
  }
  return destination.address;
}

/** Takes the same time wherever the first difference is. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ (b[i] ?? 0);
  return difference === 0;
}
