import { isClientName } from './client-name.ts';
import { isFieldText, malformed, readText, writeText } from './text-field.ts';

// docs/gateway-protocol.md describes the bytes.

export const GATEWAY_VERSION = 1;
/** The length of the key by which a client that lost its connection proves who it was, in bytes. */
export const KEY_LENGTH = 16;
const NO_KEY = new Uint8Array(0);

/** Why a gateway refuses a client: unknown version, name not available, or too many clients. */
export type Refusal = 'version' | 'name' | 'full';

/** A message on the connection between a client and its gateway. */
export type GatewayMessage =
  | {
      readonly type: 'hello';
      readonly version: number;
      readonly name: string;
      readonly key: Uint8Array;
    }
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

/**
 * Encodes a message. Throws `protocol` for a text that does not fit, which is the caller's mistake.
 */
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

/** Decodes a message. Throws `protocol` if it is malformed. */
export function decodeGatewayMessage(frame: Uint8Array): GatewayMessage {
  switch (frame[0]) {
    case HELLO: {
      const version = frame[1] ?? malformed('a hello without a version');
      // A later version may continue differently. Its client only needs to be told of the version.
      if (version !== GATEWAY_VERSION) return { type: 'hello', version, name: '', key: NO_KEY };
      const name = readText(frame, 2);
      const key = frame.subarray(3 + name.length);
      if (name !== '' && !isClientName(name)) malformed('a hello with an invalid name');
      if (key.length !== 0 && key.length !== KEY_LENGTH)
        malformed('a hello with a key of the wrong length');
      return { type: 'hello', version, name, key };
    }
    case SEND:
    case DELIVER: {
      const address = readText(frame, 1);
      if (address === '') malformed('a datagram without an address');
      const bytes = frame.subarray(2 + address.length);
      return frame[0] === SEND
        ? { type: 'send', to: address, bytes }
        : { type: 'deliver', from: address, bytes };
    }
    case WELCOME: {
      if (frame[1] !== GATEWAY_VERSION) malformed('a welcome of another version');
      const address = readText(frame, 2);
      const at = 3 + address.length;
      if (address === '' || frame.length !== at + KEY_LENGTH + 2)
        malformed('a welcome of the wrong length');
      const maxDatagramSize = (frame[at + KEY_LENGTH]! << 8) | frame[at + KEY_LENGTH + 1]!;
      if (maxDatagramSize === 0) malformed('a welcome that allows no datagram');
      return { type: 'welcome', address, key: frame.slice(at, at + KEY_LENGTH), maxDatagramSize };
    }
    case REFUSED: {
      const reason = REFUSALS[frame[1]! - 1] ?? malformed('a refusal with an unknown reason');
      const text = new TextDecoder().decode(frame.subarray(2, 302));
      return { type: 'refused', reason, text };
    }
    case PING:
    case PONG:
      if (frame.length !== 1) malformed('a ping or pong of the wrong length');
      return { type: frame[0] === PING ? 'ping' : 'pong' };
    default:
      return malformed(`unknown type ${frame[0] ?? 'none'}`);
  }
}

function join(head: readonly number[], text: string, tail: Uint8Array): Uint8Array {
  if (!isFieldText(text)) malformed(`the address or name "${text}" cannot be written`);
  const frame = new Uint8Array(head.length + 1 + text.length + tail.length);
  frame.set(head);
  frame.set(tail, writeText(frame, head.length, text));
  return frame;
}
