import { abortError, onAbort, TransportError } from '@shoal/transport';
import {
  CLOSE_NORMAL,
  offer,
  type RawSocket,
  type RawSocketHandlers,
  SUBPROTOCOL,
} from './raw-socket.ts';

/** How often it is looked whether a buffer has drained, in ms: a WebSocket does not tell. */
const POLL = 5;
const OPEN = 1;

/** The constructor that browsers, Bun, Deno and Node from 22 on have. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocket;

/** A {@link RawSocket} over a `WebSocket` of the platform. */
class BrowserSocket implements RawSocket {
  readonly canPause = false;
  readonly #socket: WebSocket;
  #handlers: RawSocketHandlers | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === OPEN;
  }

  get buffered(): number {
    return this.#socket.bufferedAmount;
  }

  handle(handlers: RawSocketHandlers): void {
    this.#handlers = handlers;
    const socket = this.#socket;
    socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) handlers.onFrame(new Uint8Array(data));
      else handlers.onText();
    };
    socket.onerror = null; // It says nothing, and is followed by "close".
    socket.onclose = ({ code }) => this.#closed(code);
  }

  send(frame: Uint8Array): void {
    this.#socket.send(frame as Uint8Array<ArrayBuffer>);
  }

  watch(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#handlers?.onProgress();
    }, POLL);
  }

  pause(): void {}

  resume(): void {}

  close(): void {
    this.#socket.close(CLOSE_NORMAL);
  }

  breakOff(code: number): void {
    // Some platforms refuse a page the codes below 3000.
    this.#socket.close(code >= 3000 ? code : 4000 + code - 1000);
    this.#closed(code);
  }

  #closed(code: number): void {
    clearTimeout(this.#timer);
    const handlers = this.#handlers;
    this.#handlers = undefined;
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    handlers?.onClose(code);
  }
}

/** Opens a `WebSocket` of the platform. */
export function dialBrowserSocket(
  WebSocket: WebSocketConstructor,
  url: string,
  token: string | undefined,
  doing: string,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<RawSocket> {
  if (signal?.aborted) return Promise.reject(abortError(doing, signal));
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, offer(token));
    socket.binaryType = 'arraybuffer';
    const settle = (): void => {
      clearTimeout(timer);
      forget();
      socket.onopen = socket.onerror = socket.onclose = null;
    };
    const fail = (error: TransportError): void => {
      settle();
      socket.close();
      reject(error);
    };
    socket.onopen = () => {
      if (socket.protocol !== SUBPROTOCOL) {
        return fail(new TransportError('protocol', `${doing}: the peer speaks no ${SUBPROTOCOL}`));
      }
      settle();
      resolve(new BrowserSocket(socket));
    };
    // A page is not told whether nobody listens, the certificate is bad, or it was refused.
    const refused = (): void => fail(new TransportError('refused', `${doing}: not accepted`));
    socket.onerror = refused;
    socket.onclose = refused;
    const timer = setTimeout(() => {
      fail(new TransportError('timeout', `${doing}: no answer within ${timeout} ms`));
    }, timeout);
    const forget = onAbort(signal, () => fail(abortError(doing, signal!)));
  });
}
