import type { TransportError } from '@shoal/transport';

/** The subprotocol that both ends must speak; the number is the version of the framing. */
export const SUBPROTOCOL = 'shoal.1';
/** Marks a token, in base64url, among the subprotocols. Browsers cannot send it in a header. */
const TOKEN_PREFIX = 'shoal.token.';

// Close codes: RFC 6455, section 7.4.1, and one of Shoal's own.
export const CLOSE_NORMAL = 1000;
/** Sent by browsers when a page is left or reloaded, and by servers that shut down. */
export const CLOSE_GOING_AWAY = 1001;
export const CLOSE_PROTOCOL = 1002;
export const CLOSE_NOT_BINARY = 1003;
export const CLOSE_NO_STATUS = 1005;
export const CLOSE_INVALID = 1007;
export const CLOSE_POLICY = 1008;
export const CLOSE_TOO_LONG = 1009;
/** Sent for an abort by browsers, which cannot reset a connection. */
export const CLOSE_ABORTED = 4000;

/** The events of a {@link RawSocket}. */
export interface RawSocketHandlers {
  /** A binary message. The handler owns the bytes. */
  onFrame(frame: Uint8Array): void;
  /** A text message, which Shoal does not use. */
  onText(): void;
  /** Some of the sent bytes have left. */
  onProgress(): void;
  /** The error that is about to close the socket. */
  /** A message is longer than it may be. */
  onTooLong(): void;
  onError(error: TransportError): void;
  /** The socket is closed. No event follows. */
  onClose(code: number): void;
}

/** An open WebSocket of a browser or of the package `ws`. */
export interface RawSocket {
  /** True until one side begins to close it. */
  readonly isOpen: boolean;
  /** Bytes that were sent and have not left yet. */
  readonly buffered: number;
  /** Whether `pause` stops the peer. */
  readonly canPause: boolean;
  handle(handlers: RawSocketHandlers): void;
  /**
   * Sends a binary message. `buffered` is how many bytes then wait; if that is more than `mark`,
   * `onProgress` reports when the message has left.
   */
  send(frame: Uint8Array, buffered: number, mark: number): void;
  /** Makes `onProgress` be called soon, even if nothing has left. */
  watch(): void;
  /**
   * Reports `onTooLong` once clearly more than `maxLength` bytes of a message have come. Does
   * nothing where the platform does not show parts of messages.
   */
  limitFrames(maxLength: number): void;
  pause(): void;
  resume(): void;
  /** Closes the socket in order, after everything sent. */
  close(): void;
  /** Closes the socket at once, so that the peer does not take it for an orderly end. */
  abort(code: number): void;
}

/** The subprotocols that a client offers. */
export function offer(token: string | undefined): string[] {
  if (token === undefined) return [SUBPROTOCOL];
  const bytes = new TextEncoder().encode(token);
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  const text = base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  return [SUBPROTOCOL, TOKEN_PREFIX + text];
}

/** The token among the offered subprotocols; undefined if there is none or it is malformed. */
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
