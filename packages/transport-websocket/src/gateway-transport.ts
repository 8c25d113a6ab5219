import {
  type Connection,
  type DatagramTransport,
  parseAddress,
  type StreamTransport,
  TransportError,
} from '@shoal/transport';
import { abortError, callOut, onAbort, whole } from './checks.ts';
import { Destinations } from './destinations.ts';
import { checkSize } from './gateway-aware-transport.ts';
import {
  decodeGatewayMessage,
  encodeGatewayMessage,
  GATEWAY_VERSION,
  isClientName,
} from './gateway-protocol.ts';

/** Options of {@link createGatewayTransport}. Times are in ms. */
export interface GatewayTransportOptions {
  /** Dials the gateways, like `createWebSocketTransport()`. */
  readonly transport: StreamTransport;
  /** Where gateways listen, the preferred ones first. At least one. */
  readonly gateways: readonly string[];
  /** The name to ask for, 1..22 letters, digits, `.`, `_`, `~` or `-`. Default: the gateway's choice. */
  readonly name?: string;
  /** How often the gateway is asked whether it is alive; lost after twice that. Default 5000. */
  readonly pingInterval?: number;
  /** How long a gateway may take to answer the hello. Default 5000. */
  readonly welcomeTimeout?: number;
  /** The wait after all gateways have failed, doubled from time to time. Default 100. */
  readonly retryDelay?: number;
  /** Its greatest value. Default 5000. */
  readonly maxRetryDelay?: number;
  /** Spreads the waits of many clients. Default `Math.random`. */
  readonly random?: () => number;
  /** Closes the transport when it fires. */
  readonly signal?: AbortSignal;
}

/** The transport of a member behind a gateway. */
export interface GatewayTransport extends DatagramTransport {
  /**
   * Where members reach this one: the gateway's address, `!`, and a name. It changes when the
   * gateway does; the last one is kept while there is none.
   */
  readonly localAddress: string;
  /** Whether there is a gateway at the moment; without one `send` says false. */
  readonly isConnected: boolean;
  /**
   * Calls `listener` after each change of `localAddress`: the member has to take a new identity.
   * The returned function ends that.
   */
  onAddressChange(listener: (address: string, previous: string) => void): () => void;
}

/** A gateway that has said welcome. */
interface Link {
  readonly gateway: string;
  readonly connection: Connection;
  readonly frames: AsyncIterator<Uint8Array>;
  readonly address: string;
  readonly key: Uint8Array;
  readonly maxDatagramSize: number;
}

const NO_KEY = new Uint8Array(0);

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
  if (signal?.aborted) throw abortError('connect to a gateway', signal);
  const transport = new ClientTransport(options);
  const forget = onAbort(signal, () => void transport.close());
  try {
    await transport.start();
  } catch (error) {
    forget();
    await transport.close();
    throw signal?.aborted ? abortError('connect to a gateway', signal) : error;
  }
  return transport;
}

class ClientTransport implements GatewayTransport {
  readonly #options: GatewayTransportOptions;
  readonly #pingInterval: number;
  readonly #welcomeTimeout: number;
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
    this.#pingInterval = whole('pingInterval', options.pingInterval, 5000, 1);
    this.#welcomeTimeout = whole('welcomeTimeout', options.welcomeTimeout, 5000, 1);
    this.#retryDelay = whole('retryDelay', options.retryDelay, 100, 1);
    this.#maxRetryDelay = whole('maxRetryDelay', options.maxRetryDelay, 5000, 1);
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
    this.#adopt(await this.#connectToAny(0));
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
        link = await this.#connectToAny(first).catch(() => undefined);
        if (link) {
          if (this.#closing) await link.connection.close();
          else this.#adopt(link);
        } else if (!this.#closing) {
          const random = this.#options.random ?? Math.random;
          await this.#sleep(delay * (0.5 + random() / 2));
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

  /** Tries each gateway once, beginning with the one at index `first`. */
  async #connectToAny(first: number): Promise<Link> {
    const { gateways } = this.#options;
    let last: unknown;
    for (let i = 0; i < gateways.length; i++) {
      const gateway = gateways[(first + i) % gateways.length]!;
      try {
        return await this.#connect(gateway);
      } catch (error) {
        if (this.#closing) throw error;
        last = error;
      }
    }
    throw last;
  }

  async #connect(gateway: string): Promise<Link> {
    const previous = this.#link?.gateway === gateway ? this.#link : undefined;
    // Back to the same gateway it is under the name that was given there, else as it was asked.
    const given = previous ? parseAddress(previous.address).client : undefined;
    const name = given ?? this.#options.name ?? '';
    try {
      return await this.#greet(gateway, name, previous?.key ?? NO_KEY);
    } catch (error) {
      // A member that has lost its name meanwhile had rather take another than be none.
      const isTaken = error instanceof TransportError && error.cause === NAME_REFUSED;
      if (!isTaken || !this.#link || name === '') throw error;
      return this.#greet(gateway, '', NO_KEY);
    }
  }

  async #greet(gateway: string, name: string, key: Uint8Array): Promise<Link> {
    const { signal } = this.#end;
    const connection = await this.#options.transport.dial(gateway, { signal });
    const forget = onAbort(signal, () => connection.abort(signal.reason as Error));
    const timer = setTimeout(() => {
      connection.abort(new TransportError('timeout', `the gateway ${gateway} says no welcome`));
    }, this.#welcomeTimeout);
    try {
      connection.send(encodeGatewayMessage({ type: 'hello', version: GATEWAY_VERSION, name, key }));
      const frames = connection[Symbol.asyncIterator]();
      const { value: first } = await frames.next();
      if (!first) throw new TransportError('reset', `the gateway ${gateway} ended the connection`);
      return { gateway, connection, frames, ...readWelcome(gateway, first) };
    } catch (error) {
      connection.abort(error as Error);
      const cause = error instanceof TransportError && error.code === 'aborted' && error.cause;
      throw cause instanceof TransportError ? cause : error;
    } finally {
      clearTimeout(timer);
      forget();
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        forget();
        resolve();
      };
      const timer = setTimeout(wake, ms);
      const forget = onAbort(this.#end.signal, wake);
    });
  }
}

/** The cause of a refusal that another name may avoid. */
const NAME_REFUSED = 'name';

/** What a gateway's first frame says, or throws why it is no welcome. */
function readWelcome(
  gateway: string,
  frame: Uint8Array,
): { address: string; key: Uint8Array; maxDatagramSize: number } {
  const message = decodeGatewayMessage(frame);
  if (message.type === 'refused') {
    const text = `the gateway ${gateway} refused (${message.reason}): ${message.text}`;
    throw new TransportError('refused', text, { cause: message.reason });
  }
  if (message.type !== 'welcome') {
    throw new TransportError('protocol', `the gateway ${gateway} began with ${message.type}`);
  }
  const { address, key, maxDatagramSize } = message;
  if (parseAddress(address).client !== undefined) return { address, key, maxDatagramSize };
  throw new TransportError('protocol', `the gateway ${gateway} gave no client's address`);
}
