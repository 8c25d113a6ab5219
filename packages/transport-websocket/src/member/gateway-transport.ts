import {
  Backoff,
  Emitter,
  type EventStream,
  type EventsOptions,
  onAbort,
  pause,
} from '@shoal/async';
import { type Connection, parseAddress, TransportError } from '@shoal/transport';
import {
  abortError,
  callApplication,
  throwIfAborted,
  wholeNumber,
} from '@shoal/transport/internal';
import { isClientName } from '../protocol/client-name.ts';
import { Destinations } from '../protocol/destinations.ts';
import { checkSize } from '../protocol/envelope.ts';
import { decodeGatewayMessage, encodeGatewayMessage } from '../protocol/gateway-message.ts';
import { type GatewayConnection, GatewayFinder } from './gateway-finder.ts';
import type {
  GatewayTransport,
  GatewayTransportEvent,
  GatewayTransportOptions,
} from './gateway-transport-options.ts';

/**
 * Makes a program without UDP, such as a browser tab, a member of a cluster. It connects to a
 * gateway, which passes on its datagrams in both directions. When the connection is lost, it
 * connects again: first to the same gateway, which keeps the address if that is quick, then to the
 * others in turn.
 *
 * If no gateway accepts it, rejects with the last one's error: an error of `dial`, `timeout`,
 * `refused` or `protocol`. Also rejects with `argument`, `address`, or `aborted` by the signal.
 */
export async function createGatewayTransport(
  options: GatewayTransportOptions,
): Promise<GatewayTransport> {
  const { gateways, name, signal } = options;
  if (gateways.length === 0) throw new TransportError('argument', 'gateways must not be empty');
  for (const gateway of gateways) parseAddress(gateway);
  if (name !== undefined && !isClientName(name)) {
    const text = `name must be 1..22 letters, digits, ".", "_", "~" or "-", not "${name}"`;
    throw new TransportError('argument', text);
  }
  const doing = 'connect to a gateway';
  throwIfAborted(doing, signal);
  const transport = new ClientTransport(options);
  const cancel = onAbort(signal, () => void transport.close());
  try {
    await transport.start();
  } catch (error) {
    cancel();
    await transport.close();
    throw signal?.aborted ? abortError(doing, signal.reason) : error;
  }
  return transport;
}

class ClientTransport implements GatewayTransport {
  readonly #options: GatewayTransportOptions;
  readonly #pingInterval: number;
  readonly #backoff: Backoff;
  readonly #finder: GatewayFinder;
  readonly #destinations = new Destinations();
  readonly #emitter = new Emitter<GatewayTransportEvent>({
    overflowError: (capacity) =>
      new TransportError('overflow', `more than ${capacity} events were not read`),
  });
  /** Fires when the transport is closed. */
  readonly #stop = new AbortController();
  #handler: ((from: string, bytes: Uint8Array) => void) | undefined;
  #gateway: GatewayConnection | undefined;
  #address = '';
  #maxDatagramSize = 0;
  #isConnected = false;
  #isCongested = false;
  /** Whether the gateway has sent anything since the last ping. */
  #heard = true;
  /** When the last ping was sent, in ms. */
  #pingedAt = 0;
  #running: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: GatewayTransportOptions) {
    this.#options = options;
    this.#pingInterval = wholeNumber(options, 'pingInterval', { preset: 5000, min: 1 });
    const minDelay = wholeNumber(options, 'retryDelay', { preset: 100, min: 1 });
    const maxDelay = wholeNumber(options, 'maxRetryDelay', { preset: 5000, min: 1 });
    this.#backoff = new Backoff({ minDelay, maxDelay, random: options.random });
    const welcomeTimeout = wholeNumber(options, 'welcomeTimeout', { preset: 5000, min: 1 });
    this.#finder = new GatewayFinder(options, welcomeTimeout, this.#stop.signal);
  }

  get localAddress(): string {
    return this.#address;
  }

  get maxDatagramSize(): number {
    return this.#maxDatagramSize;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  readonly on: GatewayTransport['on'] = (type, listener, options) =>
    this.#emitter.on(type, listener, options);

  events(options?: EventsOptions): EventStream<GatewayTransportEvent> {
    return this.#emitter.events(options);
  }

  send(to: string, bytes: Uint8Array): boolean {
    checkSize(bytes, this.#maxDatagramSize);
    const connection = this.#gateway?.connection;
    if (this.#closing || !connection || !this.#isConnected || this.#isCongested) return false;
    const destination = this.#destinations.get(to);
    if (!destination) return false;
    const frame = encodeGatewayMessage({ type: 'send', to: destination.address, bytes });
    if (!connection.send(frame)) {
      // This datagram was accepted. The next ones are dropped until there is room.
      this.#isCongested = true;
      connection.ready().then(
        () => {
          if (this.#gateway?.connection === connection) this.#isCongested = false;
        },
        () => {},
      );
    }
    return true;
  }

  receive(handler: (from: string, bytes: Uint8Array) => void): void {
    this.#handler = handler;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Connects to the first gateway that accepts this client, and stays connected from then on. */
  async start(): Promise<void> {
    this.#adopt(await this.#finder.connectToAny(0));
    this.#running = this.#run();
  }

  async #close(): Promise<void> {
    this.#stop.abort(new TransportError('closed', 'the transport is closed'));
    this.#isConnected = false;
    // An orderly end: accepted datagrams leave, and the gateway frees the name at once.
    await this.#gateway?.connection.close();
    await this.#running;
    this.#emitter.end();
  }

  /** Serves one gateway after another until the transport is closed. Never rejects. */
  async #run(): Promise<void> {
    while (!this.#closing && this.#gateway) {
      const since = performance.now();
      await this.#serve(this.#gateway);
      this.#isConnected = false;
      await this.#reconnect(this.#gateway.gateway, performance.now() - since);
    }
  }

  /**
   * Tries gateways, the lost one first, until one accepts this client. The connection with the lost
   * one was open for `lasted` ms. Never rejects.
   */
  async #reconnect(lost: string, lasted: number): Promise<void> {
    const first = this.#options.gateways.indexOf(lost);
    let delay = this.#backoff.next({ lasted });
    while (!this.#closing) {
      await pause(delay, this.#stop.signal);
      if (this.#closing) return;
      const found = await this.#finder.connectToAny(first).catch(() => undefined);
      if (found) {
        if (this.#closing) await found.connection.close();
        else this.#adopt(found);
        return;
      }
      delay = this.#backoff.next();
    }
  }

  /** Reads from a gateway until it is lost. Never rejects. */
  async #serve({ connection, frames }: GatewayConnection): Promise<void> {
    this.#heard = true;
    this.#pingedAt = performance.now();
    const timer = setInterval(() => {
      if (!this.#heard) {
        connection.abort(new TransportError('timeout', 'the gateway does not answer'));
      }
      this.#heard = false;
      this.#ping(connection);
    }, this.#pingInterval);
    try {
      for (let next = await frames.next(); !next.done; next = await frames.next()) {
        this.#heard = true;
        this.#onMessage(next.value);
        // The timers of a hidden page run once a minute, but what arrives wakes it.
        if (performance.now() - this.#pingedAt > 1.5 * this.#pingInterval) this.#ping(connection);
      }
      if (!this.#closing) void connection.close();
    } catch (cause) {
      connection.abort(new TransportError('protocol', 'the gateway broke the protocol', { cause }));
    } finally {
      clearInterval(timer);
    }
  }

  #ping(connection: Connection): void {
    this.#pingedAt = performance.now();
    connection.send(encodeGatewayMessage({ type: 'ping' }));
  }

  #onMessage(frame: Uint8Array): void {
    const message = decodeGatewayMessage(frame);
    if (message.type === 'pong') return;
    if (message.type !== 'deliver') {
      throw new TransportError('protocol', `a gateway must not send ${message.type}`);
    }
    if (this.#handler && !this.#closing) {
      callApplication(this.#handler, message.from, message.bytes);
    }
  }

  #adopt(gateway: GatewayConnection): void {
    const previous = this.#address;
    const { address, maxDatagramSize } = gateway;
    this.#gateway = gateway;
    this.#address = address;
    this.#maxDatagramSize = maxDatagramSize;
    this.#isCongested = false;
    this.#isConnected = true;
    if (previous === '' || previous === address) return;
    this.#emitter.emit({ type: 'addressChanged', address, previous });
  }
}
