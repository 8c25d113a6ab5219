import type { Socket } from 'node:net';
import { Waiters } from '@shoal/async';
import { type Connection, type PeerProof, TransportError } from '@shoal/transport';
import { abortError, systemError } from '@shoal/transport/internal';
import { FrameDecoder, WireError } from '@shoal/wire';
import type { DirectInput } from '../tcp/direct-input.ts';
import { FrameWriter } from './frame-writer.ts';
import { SilenceWatch } from './silence-watch.ts';
import type { StreamLimits } from './stream-options.ts';

type Result = IteratorResult<Uint8Array, undefined>;

/** How many bytes to read ahead on a connection that nobody has read from yet, as Node does. */
const READ_AHEAD = 65_536;

const DONE: Result = { done: true, value: undefined };

/** Options of a {@link SocketConnection}. */
export interface SocketConnectionOptions {
  readonly limits: StreamLimits;
  /** Whether a listener accepted it: `maxFirstFrameLength` then limits the peer's first frame. */
  readonly isAccepted?: boolean | undefined;
  /** The TCP socket beneath a TLS socket, which cannot send a reset itself. */
  readonly beneath?: Socket | undefined;
  /** Reads the socket, in place of `data` events. */
  readonly input?: DirectInput | undefined;
  /** What the peer has proved in the handshake. */
  readonly peer?: PeerProof | undefined;
}

/**
 * A {@link Connection} over a connected TCP or TLS socket. The socket must have been created with
 * `allowHalfOpen`, and nothing may have been read from it: reading starts when the first frame is
 * requested, so that a connection that nobody reads costs nothing.
 */
export class SocketConnection implements Connection {
  readonly remoteAddress: string;
  readonly peer: PeerProof | undefined;
  readonly #socket: Socket;
  readonly #beneath: Socket;
  readonly #limits: StreamLimits;
  readonly #decoder: FrameDecoder;
  readonly #writer: FrameWriter;
  readonly #readers = new Waiters<Result>();
  readonly #writers = new Waiters();
  /** Resolves when the socket is closed. */
  readonly #socketClosed: Promise<void>;
  readonly #input: DirectInput | undefined;
  #isVouchedFor: boolean;
  /** The longest frame to accept after the first one. */
  #maxFrameLength: number;
  #arrivals = 0;
  #reading = false;
  #paused = false;
  #silence: SilenceWatch | undefined;
  /** True once the peer has ended its side. */
  #ended = false;
  #closing: Promise<void> | undefined;
  #failure: TransportError | undefined;

  constructor(socket: Socket, remoteAddress: string, options: SocketConnectionOptions) {
    const { limits, isAccepted = false, beneath = socket, input } = options;
    this.remoteAddress = remoteAddress;
    this.peer = options.peer;
    this.#socket = socket;
    this.#beneath = beneath;
    this.#limits = limits;
    this.#maxFrameLength = limits.maxFrameLength;
    this.#isVouchedFor = options.peer !== undefined;
    this.#decoder = new FrameDecoder({
      maxLength: isAccepted ? limits.maxFirstFrameLength : limits.maxFrameLength,
    });
    this.#writer = new FrameWriter(socket, () => this.#onProgress());
    this.#socketClosed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#silence?.stop();
        this.#fail(new TransportError('reset', `${this.#name()}: connection reset`));
        resolve();
      });
    });
    socket.on('error', (error) => this.#fail(systemError(this.#name(), error)));
    socket.on('end', () => this.#onEnd());
    this.#input = input;
    input?.feed(this.#decoder, () => this.#onInput());
  }

  /** Resolves once the connection is over, however it ended. */
  get over(): Promise<void> {
    return this.#socketClosed;
  }

  /** Whether somebody has vouched for the peer, or its handshake has proved who it is. */
  get isVouchedFor(): boolean {
    return this.#isVouchedFor;
  }

  vouch(): void {
    this.#isVouchedFor = true;
  }

  limitFrames(maxLength: number): void {
    this.#maxFrameLength = Math.min(maxLength, this.#limits.maxFrameLength);
    this.#decoder.maxLength = this.#maxFrameLength;
  }

  get arrivals(): number {
    return this.#arrivals;
  }

  get isMidFrame(): boolean {
    return this.#decoder.buffered > 0 && !this.#decoder.ready;
  }

  send(frame: Uint8Array): boolean {
    const { maxFrameLength, maxBuffered, highWaterMark } = this.#limits;
    if (frame.length > maxFrameLength) {
      const text = `a frame of ${frame.length} bytes exceeds the limit of ${maxFrameLength}`;
      throw new TransportError('size', text);
    }
    if (this.#failure || this.#closing) return false;
    const buffered = this.#writer.buffered + frame.length;
    if (buffered > maxBuffered) {
      const text = `${this.#name()}: ${buffered} unsent bytes exceed maxBuffered, ${maxBuffered}`;
      this.#reset(new TransportError('overflow', text));
      return false;
    }
    this.#writer.push(frame);
    // Read again: the system may have taken everything at once.
    return this.#writer.buffered < highWaterMark;
  }

  ready(options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    const { signal } = options;
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#closing) return Promise.reject(this.#closed());
    if (signal?.aborted) return Promise.reject(abortError(`${this.#name()}: ready`, signal.reason));
    if (this.#writer.buffered < this.#limits.highWaterMark) return Promise.resolve();
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
    this.#reset(new TransportError('aborted', text, { cause: reason }));
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return { next: () => this.#next() };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #name(): string {
    return `connection with ${this.remoteAddress}`;
  }

  #closed(): TransportError {
    return new TransportError('closed', `${this.#name()}: closed`);
  }

  #next(): Promise<Result> {
    if (this.#closing) return Promise.resolve(DONE);
    try {
      const result = this.#take();
      if (result) return Promise.resolve(result);
    } catch (error) {
      return Promise.reject(error);
    }
    if (!this.#reading) {
      this.#reading = true;
      const { idleTimeout } = this.#limits;
      if (idleTimeout > 0) this.#silence = new SilenceWatch(idleTimeout, () => this.#onSilence());
      if (!this.#input) this.#socket.on('data', (chunk: Buffer) => this.#onData(chunk));
      this.#socket.resume();
    }
    return this.#readers.wait();
  }

  /** Returns a frame or the end, undefined if there is neither; throws how the connection was lost. */
  #take(): Result | undefined {
    const decoder = this.#decoder;
    try {
      const frame = decoder.next();
      if (frame) {
        decoder.maxLength = this.#maxFrameLength;
        if (this.#paused && !this.#full(this.#limits.receiveHighWaterMark >>> 1)) {
          this.#paused = false;
          this.#silence?.heard();
          this.#socket.resume();
        }
        return { done: false, value: frame };
      }
      if (this.#ended) {
        decoder.finish();
        return DONE;
      }
      if (this.#failure) throw this.#failure;
      return undefined;
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      const code = error.code === 'length' ? 'size' : 'protocol';
      this.#reset(new TransportError(code, `${this.#name()}: ${error.message}`, { cause: error }));
      throw this.#failure;
    }
  }

  /** True above the mark of unread bytes, but never while the first frame is incomplete. */
  #full(mark: number): boolean {
    return this.#decoder.buffered > mark && this.#decoder.ready;
  }

  #onData(chunk: Buffer): void {
    if (this.#closing || this.#failure) return;
    this.#decoder.push(chunk);
    this.#onInput();
  }

  /** Serves readers from the decoder's new bytes, and pauses the peer above the high-water mark. */
  #onInput(): void {
    this.#arrivals++;
    if (this.#failure) return;
    this.#silence?.heard();
    this.#serve();
    if (!this.#reading) {
      if (this.#decoder.buffered >= READ_AHEAD) this.#socket.pause();
    } else if (!this.#paused && this.#full(this.#limits.receiveHighWaterMark)) {
      this.#paused = true;
      this.#socket.pause();
    }
  }

  #onSilence(): void {
    // A peer that this side has paused is not silent.
    if (this.#paused || this.#closing) return this.#silence?.heard();
    const text = `${this.#name()}: nothing received for ${this.#limits.idleTimeout} ms`;
    this.#resetKeepingFrames(new TransportError('timeout', text));
  }

  #onEnd(): void {
    this.#ended = true;
    this.#silence?.stop();
    this.#serve();
  }

  /** Hands frames, the end or the failure to waiting readers. */
  #serve(): void {
    while (this.#readers.length > 0) {
      try {
        const result = this.#take();
        if (!result) return;
        this.#readers.resolveFirst(result);
      } catch (error) {
        this.#readers.rejectFirst(error as TransportError);
      }
    }
  }

  #onProgress(): void {
    if (this.#writers.length === 0) return;
    if (this.#writer.buffered > this.#limits.highWaterMark >>> 1) return;
    this.#writers.resolveAll();
  }

  /** Records the loss of the connection and rejects waiting calls. Unread frames stay. */
  #fail(failure: TransportError): void {
    if (this.#failure || this.#closing) return;
    this.#lose(failure);
    this.#socket.destroy();
    this.#serve();
  }

  /** Runs before the socket is destroyed: some runtimes then report pending writes as done. */
  #lose(failure: TransportError): void {
    this.#failure = failure;
    this.#writers.rejectAll(failure);
  }

  /** Resets the connection and drops unread frames. */
  #reset(failure: TransportError): void {
    this.#decoder.clear();
    this.#ended = false;
    this.#resetKeepingFrames(failure);
  }

  /** Resets the connection, so that the peer does not take it for an orderly end. */
  #resetKeepingFrames(failure: TransportError): void {
    if (this.#failure) return;
    // A reset fails while the socket is shutting down, and would leave it open. All is sent by then.
    const isFlushed = this.#closing !== undefined && this.#socket.writableLength === 0;
    if (!this.#closing) this.#lose(failure);
    if (!isFlushed) this.#sendReset();
    this.#socket.destroy();
    this.#serve();
  }

  #sendReset(): void {
    const beneath = this.#beneath;
    if (beneath === this.#socket) return void beneath.resetAndDestroy();
    // TLS destroys the socket beneath once it is done with it. Doing so earlier would crash Node.
    const { destroy } = beneath;
    beneath.destroy = () => {
      beneath.destroy = destroy;
      return beneath.resetAndDestroy();
    };
  }

  async #close(): Promise<void> {
    if (this.#failure) {
      this.#decoder.clear();
      return this.#socketClosed;
    }
    const closed = this.#closed();
    this.#writers.rejectAll(closed);
    this.#readers.resolveAll(DONE);
    this.#input?.stop();
    this.#decoder.clear();
    this.#writer.flush();
    this.#socket.end();
    // Reads and drops what the peer still sends: closing a socket with unread bytes resets the
    // connection, and the peer could lose what was just flushed.
    this.#socket.resume();
    const timer = setTimeout(() => this.#socket.destroy(), this.#limits.closeTimeout);
    await this.#socketClosed;
    clearTimeout(timer);
  }
}
