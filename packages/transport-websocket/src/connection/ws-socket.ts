import type { Socket } from 'node:net';
import { TransportError } from '@shoal/transport';
import { WebSocket } from 'ws';
import {
  CLOSE_ABORTED,
  CLOSE_NORMAL,
  type RawSocket,
  type RawSocketHandlers,
} from './raw-socket.ts';
import { MAX_HEADER_LENGTH } from './websocket-limits.ts';
import { wsError } from './ws-error.ts';

/** This many gathered bytes are written at once, before the end of the turn. */
const WRITE_AT = 65_536;
const BINARY = { binary: true };
/** How many bytes Node reads at once. */
const CHUNK = 65_536;
/** How many answers to pings may wait to be written. */
const MAX_UNREAD_PONGS = 256;

/** Bytes that an unsent frame counts in addition to its own. In truth it is several times as much. */
const UNSENT_FRAME_COST = 64;

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
  /** How many frames were sent, and how many of them the system is known to have taken. */
  #sent = 0;
  #written = 0;
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

  /** Counts what unsent frames cost, too, so that many small ones are bounded. */
  get buffered(): number {
    const bytes = this.#ws.bufferedAmount;
    if (bytes === 0) this.#written = this.#sent;
    return bytes + (this.#sent - this.#written) * UNSENT_FRAME_COST;
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
    let onSent = buffered > mark ? this.#onSent : undefined;
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      if (!this.#scheduled) process.nextTick(this.#tick);
      this.#scheduled = true;
      if (buffered > frame.length) onSent = this.#onEarlierSent(this.#sent);
    }
    this.#ws.send(frame, BINARY, onSent);
    this.#sent++;
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

  /** A frame has left, and so have the `count` before it. */
  #onEarlierSent(count: number): () => void {
    return () => {
      this.#written = Math.max(this.#written, count);
      this.#onSent();
    };
  }

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
