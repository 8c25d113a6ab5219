import { type DatagramTransport, type KnownMembers, TransportError } from '@shoal/transport';
import { Destinations } from '../protocol/destinations.ts';
import {
  checkSize,
  datagramRoom,
  looksWrapped,
  unwrap,
  wrap,
  wrapIfNeeded,
} from '../protocol/envelope.ts';

/**
 * Lets a member exchange datagrams with clients behind gateways. A datagram to `host:port!client`
 * goes in a small envelope to the gateway at host and port; a datagram from a client has such an
 * address as its sender. All other datagrams pass unchanged. Every member of a cluster with clients
 * needs this around its transport; a gateway has it built in.
 *
 * Takes over `transport`: its handler, and closing it. `maxDatagramSize` is 48 bytes smaller, for
 * the envelope. Throws `argument` if that leaves none.
 */
export function createGatewayAwareTransport(transport: DatagramTransport): DatagramTransport {
  return new GatewayAwareTransport(transport);
}

class GatewayAwareTransport implements DatagramTransport {
  readonly maxDatagramSize: number;
  readonly #transport: DatagramTransport;
  readonly #destinations = new Destinations();

  constructor(transport: DatagramTransport) {
    this.maxDatagramSize = datagramRoom(transport);
    this.#transport = transport;
  }

  get localAddress(): string {
    return this.#transport.localAddress;
  }

  send(to: string, bytes: Uint8Array): boolean {
    checkSize(bytes, this.maxDatagramSize);
    if (!to.includes('!')) return this.#transport.send(to, wrapIfNeeded(bytes));
    const destination = this.#destinations.get(to);
    if (!destination) return false;
    return this.#transport.send(destination.place, wrap('', destination.client, bytes));
  }

  unreachable(to: string): TransportError | undefined {
    if (!to.includes('!')) return this.#transport.unreachable?.(to);
    const destination = this.#destinations.get(to);
    if (destination) return this.#transport.unreachable?.(destination.place);
    return new TransportError('address', `invalid address "${to}"`);
  }

  useMembers(members: KnownMembers): void {
    this.#transport.useMembers?.(members);
  }

  receive(handler: (from: string, bytes: Uint8Array) => void): void {
    this.#transport.receive((from, bytes) => {
      if (!looksWrapped(bytes)) return handler(from, bytes);
      const envelope = unwrap(bytes);
      // Malformed, or for a client of a gateway, which this member is not.
      if (envelope?.destination !== '') return;
      handler(envelope.source === '' ? from : `${from}!${envelope.source}`, envelope.bytes);
    });
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
