import type { TransportError } from '@shoal/transport';

/** The subprotocol that both ends must speak; the number is the version of the framing. */
export const SUBPROTOCOL = 'shoal.1';
/** Introduces a token, in base64url, among the subprotocols: browsers can send no header. */
const TOKEN_PREFIX = 'shoal.token.';

/** Close codes, RFC 6455 section 7.4.1, and one of Shoal's own. */
export const CLOSE_NORMAL = 1000;
export const CLOSE_PROTOCOL = 1002;
export const CLOSE_NOT_BINARY = 1003;
export const CLOSE_NO_STATUS = 1005;
export const CLOSE_INVALID = 1007;
export const CLOSE_POLICY = 1008;
export const CLOSE_TOO_LONG = 1009;
/** "Broken off": what a browser sends for an abort, since it cannot just cut the line. */
export const CLOSE_BROKEN_OFF = 4000;

/** What a socket reports. */
export interface RawSocketHandlers {
  /** A binary message; the bytes are the handler's. */
  onFrame(frame: Uint8Array): void;
  /** A text message, which Shoal does not speak. */
  onText(): void;
  /** Some of what was sent has left. */
  onProgress(): void;
  /** Why the socket is about to close. */
  onError(error: TransportError): void;
  /** It is closed; nothing comes after this. */
  onClose(code: number): void;
}

/** An open WebSocket, be it a browser's or that of `ws`. */
export interface RawSocket {
  /** Whether it is open: neither side has begun to close it. */
  readonly isOpen: boolean;
  /** Bytes that were sent and have not left. */
  readonly buffered: number;
  readonly canPause: boolean;
  handle(handlers: RawSocketHandlers): void;
  /**
   * Sends a binary message with which `buffered` bytes wait, and reports when it has left if that
   * is more than `mark`.
   */
  send(frame: Uint8Array, buffered: number, mark: number): void;
  /** Asks for `onProgress` in some time at the latest. */
  watch(): void;
  pause(): void;
  resume(): void;
  /** Ends in order, after what was sent. */
  close(): void;
  /** Ends at once, so that the peer does not take it for an orderly end. */
  breakOff(code: number): void;
}

/** What to offer as subprotocols. */
export function offer(token: string | undefined): string[] {
  if (token === undefined) return [SUBPROTOCOL];
  const bytes = new TextEncoder().encode(token);
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  const text = base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  return [SUBPROTOCOL, TOKEN_PREFIX + text];
}

/** The token among offered subprotocols; `undefined` if there is none or it is not well-formed. */
export function offeredToken(protocols: Iterable<string>): string | undefined {
  for (const protocol of protocols) {
    if (!protocol.startsWith(TOKEN_PREFIX)) continue;
    const base64 = protocol.slice(TOKEN_PREFIX.length).replaceAll('-', '+').replaceAll('_', '/');
    try {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      return undefined;
    }
  }
  return undefined;
}
