import { TransportError } from '@shoal/transport';

// The bytes are told in docs/gateway-protocol.md.

export const GATEWAY_VERSION = 1;
/** The first byte of a datagram that is wrapped. */
const ENVELOPE_MAGIC = 0xa6;
/** The longest name of a client at a gateway: 22 characters hold 128 bits in base64url. */
const MAX_CLIENT_NAME = 22;
/** Bytes that a wrapped datagram has more, at most: magic, version, and two names. */
export const ENVELOPE_OVERHEAD: number = 2 + 2 * (1 + MAX_CLIENT_NAME);
/** The bytes with which a client that has lost its connection proves who it was. */
export const KEY_LENGTH = 16;
/** The longest address on a gateway's connections, in bytes. */
export const MAX_ADDRESS = 255;

/** Why a gateway takes no client. */
export type Refusal = 'version' | 'name' | 'full';

/** What goes over the connection of a client. */
export type GatewayMessage =
  | { readonly type: 'hello'; readonly version: number; name: string; key: Uint8Array }
  | { readonly type: 'send'; readonly to: string; readonly bytes: Uint8Array }
  | { readonly type: 'ping' }
  | {
      readonly type: 'welcome';
      readonly address: string;
      readonly key: Uint8Array;
      readonly maxDatagramSize: number;
    }
  | { readonly type: 'deliver'; readonly from: string; readonly bytes: Uint8Array }
  | { readonly type: 'pong' }
  | { readonly type: 'refused'; readonly reason: Refusal; readonly text: string };

const HELLO = 0x01;
const SEND = 0x02;
const PING = 0x03;
const WELCOME = 0x81;
const DELIVER = 0x82;
const PONG = 0x83;
const REFUSED = 0x84;

const REFUSALS: readonly Refusal[] = ['version', 'name', 'full'];
const CLIENT_NAME = new RegExp(`^[A-Za-z0-9._~-]{1,${MAX_CLIENT_NAME}}$`);

/** Whether a gateway may give this name to a client. */
export function isClientName(name: string): boolean {
  return CLIENT_NAME.test(name);
}

/** Throws `protocol` for what does not fit into its field, which is the caller's own mistake. */
export function encodeGatewayMessage(message: GatewayMessage): Uint8Array {
  switch (message.type) {
    case 'hello':
      return join([HELLO, message.version], message.name, message.key);
    case 'send':
      return join([SEND], message.to, message.bytes);
    case 'ping':
      return Uint8Array.of(PING);
    case 'welcome': {
      const { address, key, maxDatagramSize: size } = message;
      const tail = new Uint8Array(key.length + 2);
      tail.set(key);
      tail.set([size >> 8, size & 255], key.length);
      return join([WELCOME, GATEWAY_VERSION], address, tail);
    }
    case 'deliver':
      return join([DELIVER], message.from, message.bytes);
    case 'pong':
      return Uint8Array.of(PONG);
    case 'refused': {
      const text = new TextEncoder().encode(message.text);
      const frame = new Uint8Array(2 + text.length);
      frame.set([REFUSED, REFUSALS.indexOf(message.reason) + 1]);
      frame.set(text, 2);
      return frame;
    }
  }
}

/** Reads a frame. Throws a `TransportError` with code `protocol` for anything malformed. */
export function decodeGatewayMessage(frame: Uint8Array): GatewayMessage {
  switch (frame[0]) {
    case HELLO: {
      const version = frame[1] ?? fail('a hello without a version');
      // Later versions may go on differently: they need only be told that they are not spoken.
      if (version !== GATEWAY_VERSION) return { type: 'hello', version, name: '', key: NONE };
      const name = readText(frame, 2);
      const key = frame.subarray(3 + name.length);
      if (name !== '' && !isClientName(name)) fail('a hello with a name that is none');
      if (key.length !== 0 && key.length !== KEY_LENGTH) fail('a hello with a key of other length');
      return { type: 'hello', version, name, key };
    }
    case SEND:
    case DELIVER: {
      const address = readText(frame, 1);
      if (address === '') fail('a datagram without an address');
      const bytes = frame.subarray(2 + address.length);
      return frame[0] === SEND
        ? { type: 'send', to: address, bytes }
        : { type: 'deliver', from: address, bytes };
    }
    case WELCOME: {
      if (frame[1] !== GATEWAY_VERSION) fail('a welcome of another version');
      const address = readText(frame, 2);
      const at = 3 + address.length;
      if (address === '' || frame.length !== at + KEY_LENGTH + 2) fail('a welcome of other length');
      const maxDatagramSize = (frame[at + KEY_LENGTH]! << 8) | frame[at + KEY_LENGTH + 1]!;
      if (maxDatagramSize === 0) fail('a welcome that allows no datagram');
      return { type: 'welcome', address, key: frame.slice(at, at + KEY_LENGTH), maxDatagramSize };
    }
    case REFUSED: {
      const reason = REFUSALS[frame[1]! - 1] ?? fail('a refusal for an unknown reason');
      const text = new TextDecoder().decode(frame.subarray(2, 302));
      return { type: 'refused', reason, text };
    }
    case PING:
    case PONG:
      if (frame.length !== 1) fail('a ping or pong of other length');
      return { type: frame[0] === PING ? 'ping' : 'pong' };
    default:
      return fail(`a message of kind ${frame[0] ?? 'none'}`);
  }
}

/** A datagram on its way between members, with the names of clients, or '' for the member itself. */
export interface Envelope {
  readonly source: string;
  readonly destination: string;
  readonly bytes: Uint8Array;
}

/** Wraps a datagram from or to a client. The names have at most 22 characters. */
export function wrap(source: string, destination: string, bytes: Uint8Array): Uint8Array {
  const envelope = new Uint8Array(4 + source.length + destination.length + bytes.length);
  envelope[0] = ENVELOPE_MAGIC;
  envelope[1] = GATEWAY_VERSION;
  let at = writeText(envelope, 2, source);
  at = writeText(envelope, at, destination);
  envelope.set(bytes, at);
  return envelope;
}

/** Whether a datagram must be wrapped although no client has to do with it. */
export function looksWrapped(bytes: Uint8Array): boolean {
  return bytes[0] === ENVELOPE_MAGIC;
}

/** The reverse of {@link wrap}; `undefined` if it is malformed, to be dropped. */
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

const NONE = new Uint8Array(0);

function fail(what: string): never {
  throw new TransportError('protocol', `gateway protocol: ${what}`);
}

/** A length in one byte, and that many characters of printable ASCII. */
function readText(bytes: Uint8Array, at: number): string {
  const length = bytes[at] ?? fail('cut short');
  if (bytes.length < at + 1 + length) fail('cut short');
  let text = '';
  for (let i = at + 1; i <= at + length; i++) {
    const code = bytes[i]!;
    if (code < 0x21 || code > 0x7e) fail('an address or a name that is not ASCII');
    text += String.fromCharCode(code);
  }
  return text;
}

/** Writes such a text; where to go on. */
function writeText(bytes: Uint8Array, at: number, text: string): number {
  bytes[at] = text.length;
  for (let i = 0; i < text.length; i++) bytes[at + 1 + i] = text.charCodeAt(i);
  return at + 1 + text.length;
}

function join(head: readonly number[], text: string, tail: Uint8Array): Uint8Array {
  if (text.length > MAX_ADDRESS || /[^!-~]/.test(text)) fail('an address that cannot be written');
  const frame = new Uint8Array(head.length + 1 + text.length + tail.length);
  frame.set(head);
  frame.set(tail, writeText(frame, head.length, text));
  return frame;
}
