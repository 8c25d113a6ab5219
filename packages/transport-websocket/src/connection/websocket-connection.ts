import { Fifo, Waiters } from '@shoal/async';
import { type Connection, TransportError, type TransportErrorCode } from '@shoal/transport';
import { abortError } from '@shoal/transport/internal';
import {
  CLOSE_ABORTED,
  CLOSE_GOING_AWAY,
  CLOSE_INVALID,
  CLOSE_NO_STATUS,
  CLOSE_NORMAL,
  CLOSE_NOT_BINARY,
  CLOSE_POLICY,
  CLOSE_PROTOCOL,
  CLOSE_TOO_LONG,
  type RawSocket,
  type RawSocketHandlers,
} from './raw-socket.ts';
import type { WebSocketLimits } from './websocket-limits.ts';

type Result = IteratorResult<Uint8Array, undefined>;

const DONE: Result = { done: true, value: undefined };
/** Bytes that a frame counts in addition to its payload, so that empty frames are bounded too. */
const FRAME_COST = 16;

/** The close codes of a peer that has left in order. */
const ORDERLY: ReadonlySet<number> = new Set([CLOSE_NORMAL, CLOSE_GOING_AWAY, CLOSE_NO_STATUS]);

/** The meaning of a peer's close code. Any other code is a `reset`. */
const CLOSE_CODES: Readonly<Record<number, TransportErrorCode>> = {
  [CLOSE_PROTOCOL]: 'protocol',
  [CLOSE_NOT_BINARY]: 'protocol',
  [CLOSE_INVALID]: 'protocol',
  [CLOSE_POLICY]: 'untrusted',
  [CLOSE_TOO_LONG]: 'size',
};

/** A {@link Connection} over an open WebSocket. A frame is a binary message. */
export class WebSocketConnection implements Connection, RawSocketHandlers {
  readonly remoteAddress: string;
  /** Resolves when the socket is closed. */
  readonly over: Promise<void>;
  readonly #socket: RawSocket;
  readonly #limits: WebSocketLimits;
  readonly #inbound = new Fifo<Uint8Array>();
  #unread = 0;
  /** The longest frame to accept. */
  #maxFrameLength: number;
  #paused = false;
  #isVouchedFor = false;
  readonly #readers = new Waiters<Result>();
  readonly #writers = new Waiters();
  #setOver!: () => void;
  /** True once the peer has closed the connection in order. */
  #ended = false;
  #closing: Promise<void> | undefined;
  #failure: TransportError | undefined;

  constructor(socket: RawSocket, remoteAddress: string, limits: WebSocketLimits) {
    this.remoteAddress = remoteAddress;
    this.#socket = socket;
    this.#limits = limits;
    this.#maxFrameLength = limits.maxFrameLength;
    this.over = new Promise((resolve) => {
      this.#setOver = resolve;
    });
    socket.handle(this);
  }

  send(frame: Uint8Array): boolean {
    const { maxFrameLength, maxBuffered, highWaterMark } = this.#limits;
    if (frame.length > maxFrameLength) {
      const text = `a frame of ${frame.length} bytes exceeds the limit of ${maxFrameLength}`;
      throw new TransportError('size', text);
    }
    const socket = this.#socket;
    if (this.#failure || this.#closing || !socket.isOpen) return false;
    const buffered = socket.buffered + frame.length;
    if (buffered > maxBuffered) {
      const text = `${this.#name()}: ${buffered} unsent bytes exceed maxBuffered, ${maxBuffered}`;
      this.#abort(new TransportError('overflow', text));
      return false;
    }
    socket.send(frame, buffered, highWaterMark >>> 1);
    // Read again only if it matters: the system may have taken everything at once.
    return buffered < highWaterMark || socket.buffered < highWaterMark;
  }

  /** Whether somebody has vouched for the peer. */
  get isVouchedFor(): boolean {
    return this.#isVouchedFor;
  }

  vouch(): void {
    this.#isVouchedFor = true;
  }

  limitFrames(maxLength: number): void {
    this.#maxFrameLength = Math.min(maxLength, this.#limits.maxFrameLength);
    this.#socket.limitFrames(this.#maxFrameLength);
  }

  ready(options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    const { signal } = options;
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#closing) return Promise.reject(this.#closed());
    if (signal?.aborted) return Promise.reject(abortError(`${this.#name()}: ready`, signal.reason));
    if (this.#socket.isOpen && this.#socket.buffered < this.#limits.highWaterMark) {
      return Promise.resolve();
    }
    this.#socket.watch();
    return this.#writers.wait({
      signal,
      aborted: (reason) => abortError(`${this.#name()}: ready`, reason),
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  abort(reason: Error): void {
    const text = `${this.#name()}: aborted: ${reason.message}`;
    this.#inbound.clear();
    this.#unread = 0;
    this.#abort(new TransportError('aborted', text, { cause: reason }));
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return { next: () => this.#next() };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal */
  onFrame(frame: Uint8Array): void {
    if (this.#closing || this.#failure) return;
    const { receiveHighWaterMark, maxUnread } = this.#limits;
    if (frame.length > this.#maxFrameLength) return this.onTooLong();
    if (this.#readers.length > 0) return this.#readers.resolveFirst({ done: false, value: frame });
    this.#inbound.push(frame);
    this.#unread += frame.length + FRAME_COST;
    if (this.#socket.canPause) {
      if (this.#paused || this.#unread <= receiveHighWaterMark) return;
      this.#paused = true;
      this.#socket.pause();
    } else if (this.#unread > maxUnread) {
      const text = `${this.#unread} unread bytes exceed maxUnread, ${maxUnread}`;
      this.#abort(new TransportError('overflow', `${this.#name()}: ${text}`));
    }
  }

  /** @internal */
  onTooLong(): void {
    const text = `${this.#name()}: a frame exceeds the limit of ${this.#maxFrameLength} bytes`;
    this.#abort(new TransportError('size', text), CLOSE_TOO_LONG);
  }

  /** @internal */
  onText(): void {
    const text = `${this.#name()}: the peer sent text instead of a frame`;
    this.#abort(new TransportError('protocol', text), CLOSE_NOT_BINARY);
  }

  /** @internal */
  onProgress(): void {
    if (this.#writers.length === 0 || !this.#socket.isOpen) return;
    if (this.#socket.buffered > this.#limits.highWaterMark >>> 1) return this.#socket.watch();
    this.#writers.resolveAll();
  }

  /** @internal */
  onError(error: TransportError): void {
    const { code, message, cause } = error;
    const text = `${this.#name()}: ${message}`;
    this.#fail(new TransportError(code, text, { cause }));
    // Other errors come from `ws`, which closes the socket and tells the peer itself.
    if (code === 'timeout') this.#socket.abort(CLOSE_ABORTED);
  }

  /** @internal */
  onClose(code: number): void {
    if (!this.#failure && ORDERLY.has(code)) this.#ended = true;
    const kind = CLOSE_CODES[code] ?? 'reset';
    this.#fail(new TransportError(kind, `${this.#name()}: closed with code ${code}`));
    this.#setOver();
  }

  #name(): string {
    return `connection with ${this.remoteAddress}`;
  }

  #closed(): TransportError {
    return new TransportError('closed', `${this.#name()}: closed`);
  }

  #next(): Promise<Result> {
    if (this.#closing) return Promise.resolve(DONE);
    const frame = this.#inbound.shift();
    if (frame) {
      this.#unread -= frame.length + FRAME_COST;
      if (this.#paused && this.#unread <= this.#limits.receiveHighWaterMark >>> 1) this.#resume();
      return Promise.resolve({ done: false, value: frame });
    }
    if (this.#ended) return Promise.resolve(DONE);
    if (this.#failure) return Promise.reject(this.#failure);
    return this.#readers.wait();
  }

  #resume(): void {
    this.#paused = false;
    this.#socket.resume();
  }

  /** Records the loss of the connection and rejects waiting calls. Unread frames stay. */
  #fail(failure: TransportError): void {
    if (this.#failure || this.#closing) return;
    this.#failure = failure;
    this.#writers.rejectAll(failure);
    if (this.#ended) this.#readers.resolveAll(DONE);
    else this.#readers.rejectAll(failure);
  }

  #abort(failure: TransportError, code: number = CLOSE_ABORTED): void {
    if (this.#failure) return;
    this.#fail(failure);
    if (this.#paused) this.#resume();
    this.#socket.abort(code);
  }

  async #close(): Promise<void> {
    const isLost = this.#failure !== undefined;
    const closed = this.#closed();
    this.#writers.rejectAll(closed);
    this.#readers.resolveAll(DONE);
    this.#inbound.clear();
    this.#unread = 0;
    if (isLost) return this.over;
    // Keep reading, and drop what arrives: the peer's end would not be seen otherwise.
    if (this.#paused) this.#resume();
    this.#socket.close();
    const timer = setTimeout(() => this.#socket.abort(CLOSE_ABORTED), this.#limits.closeTimeout);
    await this.over;
    clearTimeout(timer);
  }
}
