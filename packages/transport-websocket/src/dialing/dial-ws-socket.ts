import type { Socket } from 'node:net';
import { TransportError, type TransportErrorCode } from '@shoal/transport';
import { type DeadlineOptions, throwIfAborted, withDeadline } from '@shoal/transport/internal';
import { WebSocket } from 'ws';
import { offer, SUBPROTOCOL } from '../connection/raw-socket.ts';
import { wsError } from '../connection/ws-error.ts';
import { WsSocket } from '../connection/ws-socket.ts';
import type { DialTarget } from './dial-target.ts';

/** The code for a server that refuses the handshake with this HTTP status. */
function refusalCode(status: number): TransportErrorCode {
  if (status === 401 || status === 403) return 'untrusted';
  return status === 429 || status === 503 ? 'refused' : 'protocol';
}

/** Options of {@link dialWsSocket}. */
export interface WsDialOptions extends Pick<DeadlineOptions, 'timeout' | 'signal'> {
  /** The longest message to accept, in bytes. */
  readonly maxFrameLength: number;
  /** Trusted certificates, in PEM, for checking the server. Default: the system's. */
  readonly ca?: string | undefined;
  /** More headers for the handshake. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Opens a `WebSocket` of the package `ws`. */
export async function dialWsSocket(target: DialTarget, options: WsDialOptions): Promise<WsSocket> {
  const { url, token, doing } = target;
  const { timeout, signal, maxFrameLength, ca, headers } = options;
  throwIfAborted(doing, signal);
  let ws: WebSocket;
  try {
    ws = new WebSocket(url, offer(token), {
      ...(ca === undefined ? {} : { ca }),
      ...(headers === undefined ? {} : { headers }),
      maxPayload: maxFrameLength,
      perMessageDeflate: false,
    });
  } catch (cause) {
    throw new TransportError('argument', `${doing}: invalid headers or ca`, { cause });
  }
  try {
    return await withDeadline(opened(ws, doing), { doing, timeout, signal });
  } catch (error) {
    ws.removeAllListeners();
    // A terminated socket may still report what it was doing.
    ws.on('error', () => {});
    ws.terminate();
    throw error;
  }
}

function opened(ws: WebSocket, doing: string): Promise<WsSocket> {
  return new Promise((resolve, reject) => {
    let socket: Socket | undefined;
    ws.once('upgrade', (response) => {
      socket = response.socket;
    });
    ws.once('open', () => {
      if (!socket || ws.protocol !== SUBPROTOCOL) {
        const text = `${doing}: the peer does not speak ${SUBPROTOCOL}`;
        return reject(new TransportError('protocol', text));
      }
      ws.removeAllListeners();
      socket.setNoDelay(true);
      // A message may follow right behind the handshake: hold it back until `handle`.
      ws.pause();
      resolve(new WsSocket(ws, socket));
    });
    ws.once('unexpected-response', (_, response) => {
      const status = response.statusCode ?? 0;
      const text = `${doing}: refused with HTTP status ${status}`;
      reject(new TransportError(refusalCode(status), text));
    });
    ws.on('error', (cause) => reject(wsError(doing, cause)));
  });
}
