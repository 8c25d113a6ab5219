import { TransportError } from '@shoal/transport';
import { dialAddress, throwIfAborted, withDeadline } from '@shoal/transport/internal';
import type { WebSocketLimitOptions } from '../connection/websocket-limits.ts';

/** Options for dialing. */
export interface WebSocketDialOptions extends WebSocketLimitOptions {
  /**
   * Whether to use TLS (`wss:`). Default: true in a page that was loaded by `https:`, and in
   * its workers.
   */
  readonly secure?: boolean | undefined;
  /** The path of the URL. Default `/`. */
  readonly path?: string | undefined;
  /**
   * The token for the server's `authorize`, or a function that returns it; 1..4096 characters. It is
   * sent as a subprotocol of the handshake, not in the URL, because servers log URLs.
   */
  readonly token?: (string | (() => string | Promise<string>)) | undefined;
}

/** A checked target. */
export interface DialTarget {
  readonly url: string;
  readonly token: string | undefined;
  /** Names the operation in errors. */
  readonly doing: string;
  readonly remoteAddress: string;
}

/** Checks the address and options. Rejects with `address`, `argument`, `aborted`, `timeout` or `io`. */
export async function dialTarget(
  text: string,
  options: WebSocketDialOptions,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<DialTarget> {
  const { text: remoteAddress } = dialAddress(text);
  const doing = `dial ${text}`;
  throwIfAborted(doing, signal);
  const scheme = (options.secure ?? isSecurePage()) ? 'wss:' : 'ws:';
  const path = options.path ?? '/';
  let url: URL;
  try {
    url = new URL(`${scheme}//${remoteAddress}${path.startsWith('/') ? '' : '/'}${path}`);
  } catch (cause) {
    // URLs do not support IPv6 zones, for example.
    throw new TransportError('address', `${text} cannot be dialed: invalid URL`, { cause });
  }
  if (url.hash) throw new TransportError('argument', `path must not contain "#": ${path}`);
  const { token } = options;
  const value =
    typeof token === 'function'
      ? await withDeadline(askFor(token, doing), { doing: `${doing}: token()`, timeout, signal })
      : token;
  if (value !== undefined && (typeof value !== 'string' || !isTokenLength(value.length))) {
    const what = typeof value === 'string' ? value.length : `a value of type ${typeof value}`;
    throw new TransportError('argument', `a token must have 1..4096 characters, not ${what}`);
  }
  return { url: url.href, token: value, doing, remoteAddress };
}

function isTokenLength(length: number): boolean {
  return length > 0 && length <= 4096;
}

/**
 * Whether this code runs in a page that was loaded by `https:`, or in a worker of one. The protocol
 * of a worker may be `blob:`, but its origin is that of the page. That of a sandboxed or an inline
 * frame is in one of the two places.
 */
function isSecurePage(): boolean {
  const { location, origin } = globalThis as { location?: { origin?: unknown }; origin?: unknown };
  return [location?.origin, origin].some((text) => String(text).startsWith('https:'));
}

/** The token that the application's function returns. Rejects with `io` if the function fails. */
async function askFor(token: () => string | Promise<string>, doing: string): Promise<string> {
  try {
    return await token();
  } catch (cause) {
    throw new TransportError('io', `${doing}: token() failed`, { cause });
  }
}
