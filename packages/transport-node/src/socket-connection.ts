import type { Socket } from 'node:net';
import { Waiters } from '@shoal/async';
import { type Connection, TransportError } from '@shoal/transport';
import { abortError, systemError } from '@shoal/transport/internal';
import { FrameDecoder, WireError } from '@shoal/wire';
import type { DirectInput } from './direct-input.ts';
import { FrameWriter } from './frame-writer.ts';
import { SilenceWatch } from './silence-watch.ts';
import type { StreamLimits } from './stream-options.ts';

type Result = IteratorResult<Uint8Array, undefined>;

/** How much is read of a connection that nobody has read yet, in bytes, as Node does. */
const READ_AHEAD = 65_536;

const DONE: Result = { done: true, value: undefined };

/** What a {@link SocketConnection} may be told besides its limits. */
interface SocketConnectionOptions {
  /** Limits the first frame that the peer sends, in bytes. Default: as any frame. */
  readonly firstFrame?: number | undefined;
  /** The TCP socket beneath one of TLS, which has no reset of its own. */
  readonly beneath?: Socket | undefined;
  /** How the socket is read, where it does not emit chunks. */
  readonly input?: DirectInput | undefined;
}

/**
 * A {@link Connection} over a connected socket, be it TCP or TLS. The socket must have been made
 * with `allowHalfOpen` and must not have been read from: reading starts with the first frame
 * that is asked for, so that a connection which nobody reads costs nothing.
 */
export class SocketConnection implements Connection {
  readonly remoteAddress: string;
  readonly #socket: Socket;
  readonly #beneath: Socket;
  readonly #limits: StreamLimits;
  readonly #decoder: FrameDecoder;
  readonly #writer: FrameWriter;
  readonly #readers = new Waiters<Result>();
  readonly #writers = new Waiters();
  /** Resolves when the socket is gone. */
  readonly #gone: Promise<void>;
  readonly #input: DirectInput | undefined;
  #reading = false;
  #paused = false;
  #silence: SilenceWatch | undefined;
  /** Whether the peer has ended its side. */
  #ended = false;
  #closing: Promise<void> | undefined;
  #failure: TransportError | undefined;

  constructor(
    socket: Socket,
    remoteAddress: string,
    limits: StreamLimits,
    options: SocketConnectionOptions = {},
  ) {
    const { firstFrame = limits.maxFrameLength, beneath = socket, input } = options;
    this.remoteAddress = remoteAddress;
    this.#socket = socket;
    this.#beneath = beneath;
    this.#limits = limits;
    this.#decoder = new FrameDecoder({ maxLength: firstFrame });
    this.#writer = new FrameWriter(socket, () => this.#onProgress());
    this.#gone = new Promise((resolve) => {
      socket.once('close', () => {
        this.#silence?.stop();
        this.#fail(new TransportError('reset', `${this.#name()}: broken off`));
        resolve();
      });
    });
    socket.on('error', (error) => this.#fail(systemError(this.#name(), error)));
    socket.on('end', () => this.#onEnd());
    this.#input = input;
    input?.feed(this.#decoder, () => this.#onInput());
  }

  send(frame: Uint8Array): boolean {
    const { maxFrameLength, maxBuffered, highWaterMark } = this.#limits;
    if (frame.length > maxFrameLength) {
      const text = `a frame of ${frame.length} bytes is over the limit of ${maxFrameLength}`;
      throw new TransportError('size', text);
    }
    if (this.#failure || this.#closing) return false;
    const buffered = this.#writer.buffered + frame.length;
    if (buffered > maxBuffered) {
      const text = `${this.#name()}: ${buffered} bytes unsent, over the cap of ${maxBuffered}`;
      this.#break(new TransportError('overflow', text));
      return false;
    }
    this.#writer.push(frame);
    // Asked again: the system may have taken everything at once.
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
    this.#break(new TransportError('aborted', text, { cause: reason }));
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

  /** A frame if one is there, or the end, or throws how the connection was lost. */
  #take(): Result | undefined {
    const decoder = this.#decoder;
    try {
      const frame = decoder.next();
      if (frame) {
        decoder.maxLength = this.#limits.maxFrameLength;
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
      this.#break(new TransportError(code, `${this.#name()}: ${error.message}`, { cause: error }));
      throw this.#failure;
    }
  }

  /** Whether so much is unread that the peer must wait; never while a frame is incomplete. */
  #full(mark: number): boolean {
    return this.#decoder.buffered > mark && this.#decoder.ready;
  }

  #onData(chunk: Buffer): void {
    if (this.#closing || this.#failure) return;
    this.#decoder.push(chunk);
    this.#onInput();
  }

  /** Has the decoder's new bytes served, and stops the peer when there are too many. */
  #onInput(): void {
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
    // Who must wait for us is not silent.
    if (this.#paused || this.#closing) return this.#silence?.heard();
    const text = `${this.#name()}: nothing heard for ${this.#limits.idleTimeout} ms`;
    this.#breakOff(new TransportError('timeout', text));
  }

  #onEnd(): void {
    this.#ended = true;
    this.#silence?.stop();
    this.#serve();
  }

  /** Gives those who wait what there is. */
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

  /** Notes the loss of the connection and tells those who wait. Frames that are here stay. */
  #fail(failure: TransportError): void {
    if (this.#failure || this.#closing) return;
    this.#lose(failure);
    this.#socket.destroy();
    this.#serve();
  }

  /** Before the socket goes: on some runtimes it then calls writes back, as if that were progress. */
  #lose(failure: TransportError): void {
    this.#failure = failure;
    this.#writers.rejectAll(failure);
  }

  /** Breaks off so that the peer sees it: a reset, not an orderly end. */
  #break(failure: TransportError): void {
    this.#decoder.clear();
    this.#ended = false;
    this.#breakOff(failure);
  }

  /** The same, but frames that are here stay. */
  #breakOff(failure: TransportError): void {
    if (this.#failure) return;
    // While a socket is shut down a reset fails and would leave it open. All has left by then.
    const left = this.#closing !== undefined && this.#socket.writableLength === 0;
    if (!this.#closing) this.#lose(failure);
    if (!left) this.#reset();
    this.#socket.destroy();
    this.#serve();
  }

  #reset(): void {
    const beneath = this.#beneath;
    if (beneath === this.#socket) return void beneath.resetAndDestroy();
    // TLS destroys the socket beneath when it is done with it: to do so before would crash Node.
    const { destroy } = beneath;
    beneath.destroy = () => {
      beneath.destroy = destroy;
      return beneath.resetAndDestroy();
    };
  }

  async #close(): Promise<void> {
    if (this.#failure) {
      this.#decoder.clear();
      return this.#gone;
    }
    const closed = this.#closed();
    this.#writers.rejectAll(closed);
    this.#readers.resolveAll(DONE);
    this.#input?.stop();
    this.#decoder.clear();
    this.#writer.flush();
    this.#socket.end();
    // What the peer still sends is read and dropped: closing over unread bytes would reset the
    // connection, and the peer could lose what was just flushed to it.
    this.#socket.resume();
    const timer = setTimeout(() => this.#socket.destroy(), this.#limits.closeTimeout);
    await this.#gone;
    clearTimeout(timer);
  }
}
