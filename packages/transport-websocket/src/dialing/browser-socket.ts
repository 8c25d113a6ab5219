import { TransportError } from '@shoal/transport';
import { type DeadlineOptions, throwIfAborted, withDeadline } from '@shoal/transport/internal';
import {
  CLOSE_NORMAL,
  offer,
  type RawSocket,
  type RawSocketHandlers,
  SUBPROTOCOL,
} from '../connection/raw-socket.ts';
import type { DialTarget } from './dial-target.ts';

/** How often to check whether the buffer has drained, in ms: a WebSocket does not report that. */
const POLL = 5;
const OPEN = 1;

/** The `WebSocket` of browsers, Bun, Deno and Node from version 22 on. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocket;

/** A {@link RawSocket} over the platform's `WebSocket`. */
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
      // The timers of a hidden page run once a minute.
      if (this.#timer !== undefined) this.#handlers?.onProgress();
    };
    socket.onclose = ({ code }) => this.#closed(code);
  }

  send(frame: Uint8Array): void {
    this.#socket.send(frame as Uint8Array<ArrayBuffer>);
  }

  limitFrames(): void {}

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

  abort(code: number): void {
    // Some platforms do not let a page use codes below 3000.
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

/** Opens the platform's `WebSocket`. */
export async function dialBrowserSocket(
  WebSocket: WebSocketConstructor,
  { url, token, doing }: DialTarget,
  { timeout, signal }: Pick<DeadlineOptions, 'timeout' | 'signal'>,
): Promise<RawSocket> {
  throwIfAborted(doing, signal);
  const socket = open(WebSocket, { url, token, doing });
  socket.binaryType = 'arraybuffer';
  try {
    await withDeadline(opened(socket, doing), { doing, timeout, signal });
    return new BrowserSocket(socket);
  } catch (error) {
    socket.onclose = null;
    socket.close();
    throw error;
  } finally {
    socket.onopen = null;
    // It carries no information, and "close" follows. It is never removed: an error may come until
    // the socket is gone, and the class of `ws` throws one that nobody handles.
    socket.onerror = () => {};
  }
}

/** Throws `refused` if the platform forbids the connection, `argument` for any other error. */
function open(
  WebSocket: WebSocketConstructor,
  { url, token, doing }: Pick<DialTarget, 'url' | 'token' | 'doing'>,
): WebSocket {
  try {
    return new WebSocket(url, offer(token));
  } catch (cause) {
    // A port that browsers block, or `ws:` from a page that was loaded by `https:`.
    if ((cause as Error | undefined)?.name === 'SecurityError') {
      const text = `${doing}: the platform forbids a connection to ${url}`;
      throw new TransportError('refused', text, { cause });
    }
    throw new TransportError('argument', `${doing}: new WebSocket() failed`, { cause });
  }
}

function opened(socket: WebSocket, doing: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.onopen = () => {
      if (socket.protocol === SUBPROTOCOL) return resolve();
      reject(new TransportError('protocol', `${doing}: the peer does not speak ${SUBPROTOCOL}`));
    };
    // The platform does not say whether nobody listens, the certificate is bad, or it was refused.
    const refused = (): void =>
      reject(
        new TransportError('refused', `${doing}: could not connect; the platform does not say why`),
      );
    socket.onerror = refused;
    socket.onclose = refused;
  });
}
