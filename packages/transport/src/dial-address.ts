import { type Address, formatAddress, parseAddress } from './address.ts';
import { TransportError } from './errors.ts';

/** The address of a peer to dial: host, port, and the canonical text of both. */
export interface DialAddress extends Pick<Address, 'host' | 'port'> {
  readonly text: string;
}

/** Parses an address to dial. Throws `address` for bad text, port 0 or a client behind a gateway. */
export function dialAddress(text: string): DialAddress {
  const { host, port, client } = parseAddress(text);
  if (client === undefined && port > 0) return { host, port, text: formatAddress({ host, port }) };
  const why = port === 0 ? 'port 0' : 'a client behind a gateway accepts no connections';
  throw new TransportError('address', `${text} cannot be dialed: ${why}`);
}
