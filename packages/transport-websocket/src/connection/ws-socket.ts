import type { Socket } from 'node:net';
import { TransportError, type TransportErrorCode } from '@shoal/transport';
import {
  type DeadlineOptions,
  systemCode,
  systemError,
  throwIfAborted,
  withDeadline,
} from '@shoal/transport/internal';
import { WebSocket } from 'ws';
import type { DialTarget } from '../dialing/dial-target.ts';
import {
  CLOSE_ABORTED,
  CLOSE_NORMAL,
  offer,
  type RawSocket,
  type RawSocketHandlers,
  SUBPROTOCOL,
} from './raw-socket.ts';
import { MAX_HEADER_LENGTH } from './websocket-limits.ts';

/** This many gathered bytes are written at once, before the end of the turn. */
const WRITE_AT = 65_536;
const BINARY = { binary: true };
/** How many bytes Node reads at once. */
const CHUNK = 65_536;
/** How many answers to pings may wait to be written. */
const MAX_UNREAD_PONGS = 256;

/** Traffic so far. Two samples are compared only to tell whether anything moved in between. */
interface Traffic {
  readonly received: number;
  readonly written: number;
  /** Bytes that wait to be written. */
  readonly waiting: number;
}

/** A {@link RawSocket} over a `WebSocket` of the package `ws`, on a client or a server. */
export class WsSocket implements RawSocket {
  readonly canPause = true;
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  #handlers: RawSocketHandlers | undefined;
  #corked = false;
  #scheduled = false;
  /** Bytes of the frames since the socket was corked. */
  #gathered = 0;
  /** How many messages, pings and pongs were received. */
  #received = 0;
  /** How many bytes have come since the last message, and how many may. */
  #unfinished = 0;
  #maxUnfinished: number = Number.POSITIVE_INFINITY;
  #isCounting = false;
  /** How many pings came while bytes were waiting to be written. */
  #pings = 0;
  /** How many frames were reported as written. */
  #left = 0;
  /** The traffic as of the last probe. */
  #last: Traffic | undefined;

  /** `socket` is the socket beneath `ws`. */
  constructor(ws: WebSocket, socket: Socket) {
    this.#ws = ws;
    this.#socket = socket;
  }

  get isOpen(): boolean {
    return this.#ws.readyState === WebSocket.OPEN;
  }

  get buffered(): number {
    return this.#ws.bufferedAmount;
  }

  handle(handlers: RawSocketHandlers): void {
    this.#handlers = handlers;
    const ws = this.#ws;
    ws.on('message', (data: Buffer, isBinary) => {
      this.#received++;
      if (!isBinary) handlers.onText();
      else handlers.onFrame(new Uint8Array(data.buffer, data.byteOffset, data.length));
    });
    ws.on('ping', this.#onPing);
    ws.on('pong', this.#onSign);
    ws.on('error', (error) => handlers.onError(wsError('connection', error)));
    ws.on('close', (code) => handlers.onClose(code));
    if (ws.isPaused) ws.resume();
  }

  /** Sends the frames of one turn in one write: 4 to 10 times the throughput of small frames. */
  send(frame: Uint8Array, buffered: number, mark: number): void {
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      if (!this.#scheduled) process.nextTick(this.#tick);
      this.#scheduled = true;
    }
    this.#ws.send(frame, BINARY, buffered > mark ? this.#onSent : undefined);
    this.#gathered += frame.length;
    if (this.#gathered >= WRITE_AT) this.#uncork();
  }

  watch(): void {}

  limitFrames(maxLength: number): void {
    this.#maxUnfinished = maxLength + MAX_HEADER_LENGTH + CHUNK;
    if (this.#isCounting) return;
    this.#isCounting = true;
    this.#ws.on('message', () => {
      this.#unfinished = 0;
    });
    // After `ws`, which has passed on the messages that the chunk completes.
    this.#socket.on('data', (chunk: Buffer) => {
      this.#unfinished += chunk.length;
      if (this.#unfinished > this.#maxUnfinished) this.#handlers?.onTooLong();
    });
  }

  pause(): void {
    if (this.isOpen) this.#ws.pause();
  }

  resume(): void {
    this.#ws.resume();
  }

  close(): void {
    this.#ws.close(CLOSE_NORMAL);
  }

  abort(code: number): void {
    // Tells the peer the reason, if there is one and the peer still listens.
    if (code !== CLOSE_ABORTED && this.isOpen) this.#ws.close(code);
    this.#uncork();
    if (code === CLOSE_ABORTED) this.#ws.terminate();
    else setImmediate(() => this.#ws.terminate());
  }

  /**
   * Reports `timeout` unless the peer has shown a sign of life since the last probe, and pings it. A
   * sign of life is a message, a ping or a pong, a part of a message, or waiting bytes that have
   * left. While this side does not read, a peer cannot show one.
   */
  probe(): void {
    if (!this.isOpen) return;
    if (this.#ws.isPaused) {
      this.#last = undefined;
      return;
    }
    if (!this.#isSilent()) return this.#ping();
    // If this process was stopped for a while, the answer may be waiting unread.
    setImmediate(() => {
      if (!this.isOpen) return;
      if (!this.#isSilent()) return this.#ping();
      this.#handlers?.onError(new TransportError('timeout', 'the peer does not answer pings'));
    });
  }

  #isSilent(): boolean {
    const last = this.#last;
    if (!last) return false;
    const { received, written, waiting } = this.#traffic();
    if (received !== last.received) return false;
    return last.waiting === 0 || (written === last.written && waiting >= last.waiting);
  }

  #ping(): void {
    this.#last = this.#traffic();
    this.#ws.ping();
  }

  /** Adds the socket's counters to our own: on Bun, the socket's never change. */
  #traffic(): Traffic {
    const { bytesRead, bytesWritten, writableLength } = this.#socket;
    return {
      received: this.#received + bytesRead,
      written: this.#left + bytesWritten - writableLength,
      waiting: this.#ws.bufferedAmount,
    };
  }

  readonly #onSign = (): void => {
    this.#received++;
  };

  /** `ws` answers each ping. A peer that does not read the answers must not pile them up here. */
  readonly #onPing = (): void => {
    this.#received++;
    this.#pings = this.#ws.bufferedAmount === 0 ? 0 : this.#pings + 1;
    if (this.#pings <= MAX_UNREAD_PONGS) return;
    const text = 'the peer does not read the answers to its pings';
    this.#handlers?.onError(new TransportError('overflow', text));
    this.#ws.terminate();
  };

  readonly #onSent = (): void => {
    this.#left++;
    this.#handlers?.onProgress();
  };

  readonly #tick = (): void => {
    this.#scheduled = false;
    this.#uncork();
  };

  #uncork(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#gathered = 0;
    this.#socket.uncork();
  }
}

/** The errors of `ws` that have a code of their own; any other one is `protocol`. */
const WS_CODES: Readonly<Record<string, TransportErrorCode>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 'size',
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 'size',
};

/** A `TransportError` for an error of the system or of `ws`, which becomes its cause. */
function wsError(doing: string, cause: Error): TransportError {
  const name = systemCode(cause);
  if (!name.startsWith('WS_ERR_')) return systemError(doing, cause);
  return new TransportError(WS_CODES[name] ?? 'protocol', `${doing}: ${name}`, { cause });
}

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
