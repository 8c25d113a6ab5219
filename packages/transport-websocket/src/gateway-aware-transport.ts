import { type DatagramTransport, TransportError } from '@shoal/transport';
import { Destinations } from './destinations.ts';
import { ENVELOPE_OVERHEAD, looksWrapped, unwrap, wrap } from './gateway-protocol.ts';

/**
 * Makes a member reach clients behind gateways, and be reached by them: what is sent to
 * `host:port!client` goes to the gateway at host and port in a small envelope, and what comes
 * from a client has that address as its sender. Everything else passes as it is. Every member of
 * a cluster with clients needs this around its transport; a gateway has it built in.
 *
 * Takes `transport` over, with its handler and its end. `maxDatagramSize` becomes 48 bytes less,
 * for the envelope. Throws `argument` if that leaves nothing.
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
    if (!to.includes('!')) {
      return this.#transport.send(to, looksWrapped(bytes) ? wrap('', '', bytes) : bytes);
    }
    const destination = this.#destinations.get(to);
    if (!destination) return false;
    return this.#transport.send(destination.place, wrap('', destination.client, bytes));
  }

  receive(handler: (from: string, bytes: Uint8Array) => void): void {
    this.#transport.receive((from, bytes) => {
      if (!looksWrapped(bytes)) return handler(from, bytes);
      const envelope = unwrap(bytes);
      // What is for a client has come to the wrong member.
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

/** The longest datagram that fits into `transport` together with its envelope. */
export function datagramRoom(transport: DatagramTransport): number {
  const room = transport.maxDatagramSize - ENVELOPE_OVERHEAD;
  if (room >= 1) return room;
  const text = `datagrams of ${transport.maxDatagramSize} bytes leave no room for the envelope`;
  throw new TransportError('argument', text);
}

/** Throws `size` for a datagram that is too long. */
export function checkSize(bytes: Uint8Array, limit: number): void {
  if (bytes.length <= limit) return;
  const text = `a datagram of ${bytes.length} bytes is over the ${limit} of this transport`;
  throw new TransportError('size', text);
}
