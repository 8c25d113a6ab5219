import { parseAddress } from '@shoal/transport';
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

  #parse(text: string): Destination | undefined {
    try {
      const { host, port } = parseAddress(text);
      const isName = hostFamily(host) === 0;
      const ip = isName ? undefined : addressForSocket(host, this.#family);
      if (port === 0 || (!isName && ip === undefined)) return undefined;
      const destination: Destination = { ip, host, port };
      this.#cache.set(text, destination);
      return destination;
    } catch {
      return undefined; // Addresses come from peers too: a bad one must not throw.
    }
  }
}
