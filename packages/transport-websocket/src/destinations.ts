import { formatAddress, parseAddress } from '@shoal/transport';
import { isClientName, MAX_ADDRESS } from './gateway-protocol.ts';

/** Where a datagram goes. */
export interface Destination {
  /** The canonical address of a member, or of the gateway of a client. */
  readonly place: string;
  /** The name of the client, or '' for the member itself. */
  readonly client: string;
  /** The canonical text of both. */
  readonly address: string;
}

/** Destinations that are remembered; the oldest makes room. */
const MAX_CACHED = 16_384;

/** Reads addresses that come again and again. */
export class Destinations {
  readonly #cache = new Map<string, Destination>();

  /** `undefined` for text that nothing can be sent to. */
  get(text: string): Destination | undefined {
    return this.#cache.get(text) ?? this.#read(text);
  }

  #read(text: string): Destination | undefined {
    let destination: Destination;
    try {
      const { host, port, client = '' } = parseAddress(text);
      const place = formatAddress({ host, port });
      const address = client === '' ? place : `${place}!${client}`;
      if (port === 0 || address.length > MAX_ADDRESS || /[^!-~]/.test(address)) return undefined;
      if (client !== '' && !isClientName(client)) return undefined;
      destination = { place, client, address };
    } catch {
      return undefined; // Addresses come from peers as well.
    }
    if (this.#cache.size >= MAX_CACHED) this.#cache.delete(this.#cache.keys().next().value!);
    this.#cache.set(text, destination);
    return destination;
  }
}
