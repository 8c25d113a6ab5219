import { onAbort, pause } from '@shoal/async';
import { parseAddress, TransportError } from '@shoal/transport';
import { abortError, throwIfAborted, wholeNumber } from '@shoal/transport/internal';
import { callOut } from './call-out.ts';
import { Destinations } from './destinations.ts';
import { checkSize } from './gateway-aware-transport.ts';
import { GatewayFinder, type Link } from './gateway-link.ts';
import { decodeGatewayMessage, encodeGatewayMessage, isClientName } from './gateway-protocol.ts';
import type { GatewayTransport, GatewayTransportOptions } from './gateway-transport-options.ts';

/**
 * Makes a program without UDP, like a browser tab, a member of a cluster: connects to a gateway,
 * through which it sends to every member and every member to it. When the connection is lost it
 * connects again: first to the same gateway, which keeps the address if that is quick, then to
 * the others in turn.
 *
 * Rejects with the last gateway's error when none takes it: that of `dial`, `timeout`, `refused`,
 * or `protocol`; with `argument`, `address`, or `aborted` by the signal.
 */
export async function createGatewayTransport(
  options: GatewayTransportOptions,
): Promise<GatewayTransport> {
  const { gateways, name, signal } = options;
  if (gateways.length === 0) throw new TransportError('argument', 'gateways: there are none');
  for (const gateway of gateways) parseAddress(gateway);
  if (name !== undefined && !isClientName(name)) {
    throw new TransportError('argument', `not a name of 1..22 letters or digits: "${name}"`);
  }
  throwIfAborted('connect to a gateway', signal);
  const transport = new ClientTransport(options);
  const forget = onAbort(signal, () => void transport.close());
  try {
    await transport.start();
  } catch (error) {
    forget();
    await transport.close();
    throw signal?.aborted ? abortError('connect to a gateway', signal.reason) : error;
  }
  return transport;
}

class ClientTransport implements GatewayTransport {
  readonly #options: GatewayTransportOptions;
  readonly #pingInterval: number;
  readonly #finder: GatewayFinder;
  readonly #retryDelay: number;
  readonly #maxRetryDelay: number;
  readonly #destinations = new Destinations();
  readonly #listeners = new Set<(address: string, previous: string) => void>();
  /** Ends whatever waits when the transport is closed. */
  readonly #end = new AbortController();
  #handler: ((from: string, bytes: Uint8Array) => void) | undefined;
  #link: Link | undefined;
  #address = '';
  #maxDatagramSize = 0;
  #isConnected = false;
  #congested = false;
  #heard = true;
  #running: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: GatewayTransportOptions) {
    this.#options = options;
    this.#pingInterval = wholeNumber(options, 'pingInterval', { preset: 5000, min: 1 });
    const welcomeTimeout = wholeNumber(options, 'welcomeTimeout', { preset: 5000, min: 1 });
    this.#finder = new GatewayFinder(options, welcomeTimeout, this.#end.signal);
    this.#retryDelay = wholeNumber(options, 'retryDelay', { preset: 100, min: 1 });
    this.#maxRetryDelay = wholeNumber(options, 'maxRetryDelay', { preset: 5000, min: 1 });
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

  onAddressChange(listener: (address: string, previous: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  send(to: string, bytes: Uint8Array): boolean {
    checkSize(bytes, this.#maxDatagramSize);
    const connection = this.#link?.connection;
    if (this.#closing || !connection || !this.#isConnected || this.#congested) return false;
    const destination = this.#destinations.get(to);
    if (!destination) return false;
    const frame = encodeGatewayMessage({ type: 'send', to: destination.address, bytes });
    if (!connection.send(frame)) {
      // It was taken; the next ones are dropped until there is room.
      this.#congested = true;
      connection.ready().then(
        () => {
          if (this.#link?.connection === connection) this.#congested = false;
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

  /** Connects to the first gateway that takes this client, and stays connected from then on. */
  async start(): Promise<void> {
    this.#adopt(await this.#finder.connectToAny(0));
    this.#running = this.#run();
  }

  async #close(): Promise<void> {
    this.#end.abort(new TransportError('closed', 'the transport is closed'));
    this.#isConnected = false;
    // In order, so that what was accepted leaves, and the gateway frees the name at once.
    await this.#link?.connection.close();
    await this.#running;
  }

  /** Serves one connection after the other until the transport is closed. Never rejects. */
  async #run(): Promise<void> {
    while (!this.#closing && this.#link) {
      await this.#serve(this.#link);
      this.#isConnected = false;
      const first = this.#options.gateways.indexOf(this.#link.gateway);
      let delay = this.#retryDelay;
      for (let link: Link | undefined; !link && !this.#closing; ) {
        link = await this.#finder.connectToAny(first).catch(() => undefined);
        if (link) {
          if (this.#closing) await link.connection.close();
          else this.#adopt(link);
        } else if (!this.#closing) {
          const random = this.#options.random ?? Math.random;
          await pause(delay * (0.5 + random() / 2), this.#end.signal);
          delay = Math.min(2 * delay, this.#maxRetryDelay);
        }
      }
    }
  }

  /** Reads from a gateway until it is lost. Never rejects. */
  async #serve({ connection, frames }: Link): Promise<void> {
    this.#heard = true;
    const timer = setInterval(() => {
      if (!this.#heard) {
        connection.abort(new TransportError('timeout', 'the gateway does not answer'));
      }
      this.#heard = false;
      connection.send(encodeGatewayMessage({ type: 'ping' }));
    }, this.#pingInterval);
    try {
      for (let next = await frames.next(); !next.done; next = await frames.next()) {
        this.#heard = true;
        const message = decodeGatewayMessage(next.value);
        if (message.type === 'deliver') {
          if (this.#handler && !this.#closing) callOut(this.#handler, message.from, message.bytes);
        } else if (message.type !== 'pong') {
          throw new TransportError('protocol', `a gateway does not send ${message.type}`);
        }
      }
      if (!this.#closing) void connection.close();
    } catch (cause) {
      connection.abort(new TransportError('protocol', 'a fault of the gateway', { cause }));
    } finally {
      clearInterval(timer);
    }
  }

  #adopt(link: Link): void {
    const previous = this.#address;
    this.#link = link;
    this.#address = link.address;
    this.#maxDatagramSize = link.maxDatagramSize;
    this.#congested = false;
    this.#isConnected = true;
    if (previous === '' || previous === link.address) return;
    for (const listener of [...this.#listeners]) callOut(listener, link.address, previous);
  }
}
