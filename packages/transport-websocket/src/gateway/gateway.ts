import {
  type DatagramTransport,
  type KnownMembers,
  parseAddress,
  TransportError,
} from '@shoal/transport';
import { callApplication, hostFamily } from '@shoal/transport/internal';
import { type Destination, Destinations } from '../protocol/destinations.ts';
import {
  checkSize,
  datagramRoom,
  looksWrapped,
  unwrap,
  wrap,
  wrapIfNeeded,
} from '../protocol/envelope.ts';
import { GatewayClients } from './gateway-clients.ts';
import type { Gateway, GatewayOptions, GatewayStats } from './gateway-options.ts';

/**
 * Makes a member a gateway. Clients that cannot open a UDP socket, such as browser tabs, connect to
 * `listener`, and are members of the cluster at `host:port!client`. Throws `argument` for an option
 * out of range or an `address` that members cannot send to, and `address` for an invalid one.
 */
export function createGateway(options: GatewayOptions): Gateway {
  return new UdpGateway(options);
}

/** Passes datagrams between the members' UDP, the clients, and the member itself. */
class UdpGateway implements Gateway {
  readonly localAddress: string;
  readonly maxDatagramSize: number;
  readonly #udp: DatagramTransport;
  readonly #clients: GatewayClients;
  readonly #mayReach: ((client: string, destination: string) => boolean) | undefined;
  #members: KnownMembers | undefined;
  /** The addresses of this gateway. */
  readonly #places: ReadonlySet<string>;
  readonly #destinations = new Destinations();
  #handler: ((from: string, bytes: Uint8Array) => void) | undefined;
  #closing: Promise<void> | undefined;
  readonly #stats = {
    toClients: 0,
    fromClients: 0,
    dropped: 0,
    limited: 0,
    unknown: 0,
    invalid: 0,
    unreachable: 0,
    impersonated: 0,
    unclaimed: 0,
    refused: 0,
  };

  constructor(options: GatewayOptions) {
    const { udp, address = udp.localAddress } = options;
    this.maxDatagramSize = Math.min(datagramRoom(udp), 65_535);
    this.localAddress = advertised(address);
    this.#places = new Set([this.localAddress, udp.localAddress]);
    this.#mayReach = options.mayReach;
    this.#clients = new GatewayClients(options, this, this.#stats, (client, to, bytes) =>
      this.#onClientDatagram(client, to, bytes),
    );
    this.#udp = udp;
    udp.receive((from, bytes) => this.#onDatagram(from, bytes));
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

  useMembers(members: KnownMembers): void {
    this.#members = members;
  }

  clients(): string[] {
    return this.#clients.addresses();
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
    await Promise.all([this.#clients.close(), this.#udp.close()]);
  }

  /** Sends a datagram of a client, or of the member itself (''). */
  #route(source: string, { place, client, address }: Destination, bytes: Uint8Array): boolean {
    if (!this.#places.has(place)) {
      const isPlain = source === '' && client === '';
      return this.#udp.send(place, isPlain ? wrapIfNeeded(bytes) : wrap(source, client, bytes));
    }
    if (client !== '') return this.#clients.deliver(this.#addressOf(source), client, bytes);
    // From the member to itself: through its own socket.
    if (source === '') return this.#udp.send(address, wrapIfNeeded(bytes));
    this.#claim(this.#addressOf(source), bytes);
    return true;
  }

  #addressOf(name: string): string {
    return name === '' ? this.localAddress : this.#clients.addressOf(name);
  }

  /** Passes a datagram to the member itself. */
  #claim(from: string, bytes: Uint8Array): void {
    if (this.#handler && !this.#closing) callApplication(this.#handler, from, bytes);
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
    else this.#clients.deliver(sender, destination, envelope.bytes);
  }

  #onClientDatagram(client: string, to: string, bytes: Uint8Array): void {
    const destination = this.#destinations.get(to);
    const problem = this.#problemWith({ client, destination, bytes });
    if (destination === undefined || problem !== undefined) {
      this.#stats[problem ?? 'invalid']++;
      return;
    }
    this.#stats.fromClients++;
    this.#route(client, destination, bytes);
  }

  /** Why a datagram of a client must not pass. */
  #problemWith(datagram: {
    readonly client: string;
    readonly destination: Destination | undefined;
    readonly bytes: Uint8Array;
  }): 'invalid' | 'unreachable' | 'impersonated' | undefined {
    const { client, destination, bytes } = datagram;
    if (!destination || bytes.length > this.maxDatagramSize) return 'invalid';
    if (!this.#isReachable(client, destination)) return 'unreachable';
    // Datagrams that cannot be read come from holders of the cluster's key.
    if (!this.#members?.senderOf) return undefined;
    const sender = this.#members.senderOf(bytes);
    if (sender === undefined) return 'invalid';
    return sender === this.#addressOf(client) ? undefined : 'impersonated';
  }

  /** A gateway must not be a way into the network that it stands in. */
  #isReachable(client: string, { place, address }: Destination): boolean {
    if (this.#mayReach) return this.#mayReach(client, address);
    return this.#places.has(place) || this.#members?.has(address) === true;
  }
}

/** The canonical text of the gateway's address. Throws `argument` if members cannot send to it. */
function advertised(text: string): string {
  const { host, port, client } = parseAddress(text);
  const destination = new Destinations().get(text);
  const isWildcard = hostFamily(host) !== 0 && (host === '0.0.0.0' || host === '::');
  if (!destination || client !== undefined || port === 0 || isWildcard) {
    throw new TransportError('argument', `address: members cannot send to ${text}`);
  }
  return destination.address;
}
