import { formatAddress, parseAddress, TransportError } from '@shoal/transport';
import { throwIfAborted, withDeadline } from '@shoal/transport/internal';
import type { WebSocketLimitOptions } from '../connection/websocket-limits.ts';

/** What tells how to dial, besides the address. */
export interface WebSocketDialOptions extends WebSocketLimitOptions {
  /** Whether to use TLS (`wss:`). Default: as the page does, false outside of one. */
  readonly secure?: boolean | undefined;
  /** The path of the URL. Default `/`. */
  readonly path?: string | undefined;
  /**
   * What the server's `authorize` gets as `token`, at most 4096 characters. It travels as a
   * subprotocol of the handshake, not in the URL, which servers log.
   */
  readonly token?: (string | (() => string | Promise<string>)) | undefined;
}

/** Where to connect to, and what to call that in errors. */
export interface DialTarget {
  readonly url: string;
  readonly token: string | undefined;
  readonly doing: string;
  readonly remoteAddress: string;
}

/** Completes what is needed to dial. Rejects with `address`, `aborted`, `timeout` or `io`. */
export async function dialTarget(
  text: string,
  options: WebSocketDialOptions,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<DialTarget> {
  const { host, port, client } = parseAddress(text);
  if (client !== undefined || port === 0) {
    const why = port === 0 ? 'port 0' : 'a client behind a gateway takes no connections';
    throw new TransportError('address', `${text} cannot be dialled: ${why}`);
  }
  const doing = `dial ${text}`;
  throwIfAborted(doing, signal);
  const remoteAddress = formatAddress({ host, port });
  const page = (globalThis as { location?: { protocol?: string } }).location;
  const scheme = (options.secure ?? page?.protocol === 'https:') ? 'wss:' : 'ws:';
  const path = options.path ?? '/';
  let url: URL;
  try {
    url = new URL(`${scheme}//${remoteAddress}${path.startsWith('/') ? '' : '/'}${path}`);
  } catch (cause) {
    // An IPv6 zone, for example, is no part of a URL.
    throw new TransportError('address', `${text} cannot be dialled: no URL`, { cause });
  }
  if (url.hash) throw new TransportError('argument', `a path has no "#": ${path}`);
  const { token } = options;
  const value =
    typeof token === 'function'
      ? await withDeadline(askFor(token, doing), { doing: `${doing}: token()`, timeout, signal })
      : token;
  if (value !== undefined && (value.length > 4096 || value.length === 0)) {
    throw new TransportError('argument', `a token has 1..4096 characters, not ${value.length}`);
  }
  return { url: url.href, token: value, doing, remoteAddress };
}

/** The token that the application's function returns. Rejects with `io` if the function fails. */
async function askFor(token: () => string | Promise<string>, doing: string): Promise<string> {
  try {
    return await token();
  } catch (cause) {
    throw new TransportError('io', `${doing}: token() failed`, { cause });
  }
}
