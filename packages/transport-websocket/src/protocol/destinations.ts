import { formatAddress, parseAddress } from '@shoal/transport';
import { BoundedMap } from '@shoal/transport/internal';
import { isClientName } from './client-name.ts';
import { isFieldText } from './text-field.ts';

/** Where to send a datagram. */
export interface Destination {
  /** The canonical address of a member, or of the gateway of a client. */
  readonly place: string;
  /** The name of the client; '' for the member itself. */
  readonly client: string;
  /** The canonical text of both. */
  readonly address: string;
}

const MAX_CACHED = 16_384;

/** Parses the addresses that datagrams are sent to, and caches the results. */
export class Destinations {
  readonly #cache = new BoundedMap<string, Destination>(MAX_CACHED);

  /** Undefined for text that nothing can be sent to. */
  get(text: string): Destination | undefined {
    return this.#cache.get(text) ?? this.#parse(text);
  }

  #parse(text: string): Destination | undefined {
    try {
      const { host, port, client = '' } = parseAddress(text);
      const place = formatAddress({ host, port });
      const address = client === '' ? place : `${place}!${client}`;
      if (port === 0 || !isFieldText(address)) return undefined;
      if (client !== '' && !isClientName(client)) return undefined;
      const destination: Destination = { place, client, address };
      this.#cache.set(text, destination);
      return destination;
    } catch {
      return undefined; // Addresses come from peers too: a bad one must not throw.
    }
  }
}
