import { parseAddress, TransportError } from '@shoal/transport';
import { BoundedMap, hostFamily } from '@shoal/transport/internal';
import { addressForSocket, type IpFamily } from './ip-family.ts';

/** Where to send a datagram. */
export interface Destination {
  /** The IP address in the form that the socket takes; undefined for a name. */
  readonly ip: string | undefined;
  readonly host: string;
  readonly port: number;
}

const MAX_CACHED = 16_384;

/** Parses the addresses that datagrams are sent to, and caches the results. */
export class Destinations {
  readonly #family: IpFamily;
  readonly #cache = new BoundedMap<string, Destination>(MAX_CACHED);

  constructor(family: IpFamily) {
    this.#family = family;
  }

  /** Undefined if the socket cannot send to this address. */
  get(text: string): Destination | undefined {
    return this.#cache.get(text) ?? this.#parse(text);
  }

  /** Why the socket cannot send to this address: `address` or `unreachable`. Undefined if it can. */
  whyNot(text: string): TransportError | undefined {
    try {
      this.#read(text);
      return undefined;
    } catch (error) {
      return error as TransportError;
    }
  }

  #parse(text: string): Destination | undefined {
    try {
      const destination = this.#read(text);
      this.#cache.set(text, destination);
      return destination;
    } catch {
      return undefined; // Addresses come from peers too: a bad one must not throw.
    }
  }

  /** Throws `address`, or `unreachable` if the socket has no way there. */
  #read(text: string): Destination {
    const { host, port } = parseAddress(text);
    if (port === 0) {
      throw new TransportError('address', `invalid address "${text}": expected a port of 1..65535`);
    }
    if (hostFamily(host) === 0) return { ip: undefined, host, port };
    const ip = addressForSocket(host, this.#family);
    if (ip !== undefined) return { ip, host, port };
    const [own, other] = this.#family === 4 ? ['IPv4', 'IPv6'] : ['IPv6', 'IPv4'];
    const reason = `${other} is not available on a socket that is bound to an ${own} address`;
    throw new TransportError('unreachable', `no way to ${text}: ${reason}`);
  }
}
