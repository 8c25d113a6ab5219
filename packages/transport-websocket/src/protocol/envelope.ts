import { type DatagramTransport, TransportError } from '@shoal/transport';
import { isClientName, MAX_CLIENT_NAME } from './client-name.ts';
import { GATEWAY_VERSION } from './gateway-message.ts';
import { readText, writeText } from './text-field.ts';

// Between members, a datagram from or to a client travels in an envelope: docs/gateway-protocol.md.

/** The first byte of an envelope. */
const ENVELOPE_MAGIC = 0xa6;
/** The most bytes that an envelope adds to a datagram: magic, version and two names. */
export const ENVELOPE_OVERHEAD: number = 2 + 2 * (1 + MAX_CLIENT_NAME);

/** A datagram between members. The name '' means the member itself, not one of its clients. */
export interface Envelope {
  readonly source: string;
  readonly destination: string;
  readonly bytes: Uint8Array;
}

/** Encodes an envelope. The names have at most 22 characters of ASCII. */
export function wrap(source: string, destination: string, bytes: Uint8Array): Uint8Array {
  const envelope = new Uint8Array(4 + source.length + destination.length + bytes.length);
  envelope[0] = ENVELOPE_MAGIC;
  envelope[1] = GATEWAY_VERSION;
  let at = writeText(envelope, 2, source);
  at = writeText(envelope, at, destination);
  envelope.set(bytes, at);
  return envelope;
}

/** Decodes an envelope. Returns undefined if it is malformed: drop the datagram. */
export function unwrap(envelope: Uint8Array): Envelope | undefined {
  if (envelope[0] !== ENVELOPE_MAGIC || envelope[1] !== GATEWAY_VERSION) return undefined;
  try {
    const source = readText(envelope, 2);
    const destination = readText(envelope, 3 + source.length);
    if (source !== '' && !isClientName(source)) return undefined;
    if (destination !== '' && !isClientName(destination)) return undefined;
    const bytes = envelope.subarray(4 + source.length + destination.length);
    return { source, destination, bytes };
  } catch {
    return undefined;
  }
}

/** Whether a datagram begins like an envelope. If it is none, it must be sent in one. */
export function looksWrapped(bytes: Uint8Array): boolean {
  return bytes[0] === ENVELOPE_MAGIC;
}

/** A datagram from member to member, in an envelope only if it looks like one itself. */
export function wrapIfNeeded(bytes: Uint8Array): Uint8Array {
  return looksWrapped(bytes) ? wrap('', '', bytes) : bytes;
}

/** The longest datagram that fits into `transport` in an envelope. Throws `argument` if none does. */
export function datagramRoom(transport: DatagramTransport): number {
  const room = transport.maxDatagramSize - ENVELOPE_OVERHEAD;
  if (room >= 1) return room;
  const text = `datagrams of ${transport.maxDatagramSize} bytes leave no room for the envelope`;
  throw new TransportError('argument', text);
}

/** Throws `size` for a datagram that is too long. */
export function checkSize(bytes: Uint8Array, limit: number): void {
  if (bytes.length <= limit) return;
  const text = `a datagram of ${bytes.length} bytes exceeds the limit of ${limit}`;
  throw new TransportError('size', text);
}
