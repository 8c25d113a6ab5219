import { DeadlineTimer, onAbort, toError } from '@shoal/async';
import type { Connection, PeerProof } from '@shoal/transport';
import { WireError } from '@shoal/wire';
import { SyncupError } from '../../errors.ts';

/** The current time in ms, on a clock that never goes back. */
export function clock(): number {
  return performance.now();
}

/** The {@link SyncupError} among the causes of an error, or the error itself if there is none. */
export function reasonOf(error: unknown): unknown {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof SyncupError) return cause;
  }
  return error;
}

/**
 * The {@link SyncupError} that an attempt ended with: any other error is one of the connection,
 * and becomes the cause of it.
 */
export function attemptError(error: unknown): SyncupError {
  const reason = reasonOf(error);
  if (reason instanceof SyncupError) return reason;
  const cause = toError(reason);
  return new SyncupError('connection', cause.message, { cause });
}

/** Decodes a frame. Throws `protocol` if the bytes are not a message. */
export function decoded<T>(frame: Uint8Array, decode: (frame: Uint8Array) => T): T {
  try {
    return decode(frame);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw new SyncupError('protocol', `the peer sent an invalid message: ${cause.message}`, {
      cause,
    });
  }
}

/** What a {@link SyncupConnection} is made of. */
export interface SyncupConnectionOptions {
  readonly connection: Connection;
  /** Aborts the connection with its reason. */
  readonly signal: AbortSignal;
  /** How long the peer may take for each step of a handshake, in ms. */
  readonly stepTimeout: number;
}

/** How long to wait at most for a peer that does not close its side, in ms. */
const MAX_CLOSE_TIMEOUT = 5000;

/**
 * A connection with a signal and one deadline. When the signal fires, the connection is aborted.
 * When the deadline passes, the connection fails: pending calls and later ones reject with the
 * reason, but there is still time to tell the peer and to close.
 */
export class SyncupConnection {
  readonly #connection: Connection;
  readonly #frames: AsyncIterator<Uint8Array>;
  readonly #closeTimeout: number;
  readonly #timer = new DeadlineTimer(() => this.#onDeadline());
  /** How long silence may last if bytes that arrive move the deadline, in ms. */
  #silence: number | undefined;
  #arrivals: number | undefined;
  /** Whether silence between frames has no limit. */
  #pauses = false;
  readonly #cancelAbort: () => void;
  #failure: Error | undefined;
  /** Rejects each pending call. */
  readonly #pending = new Set<(reason: Error) => void>();
  #isClosing = false;
  #expired: () => Error = () => new SyncupError('timeout', 'the peer took too long');

  constructor({ connection, signal, stepTimeout }: SyncupConnectionOptions) {
    this.#connection = connection;
    this.#closeTimeout = Math.min(stepTimeout, MAX_CLOSE_TIMEOUT);
    this.#frames = connection[Symbol.asyncIterator]();
    this.#cancelAbort = onAbort(signal, () => this.abort(toError(signal.reason)));
  }

  /** The address of the peer. */
  get address(): string {
    return this.#connection.remoteAddress;
  }

  /** What the peer has proved; undefined: nothing. */
  get peer(): PeerProof | undefined {
    return this.#connection.peer;
  }

  /** See `Connection.vouch`. */
  vouch(): void {
    this.#connection.vouch?.();
  }

  /** Fails with `expired()` at `deadline`, which replaces the previous one. */
  setDeadline(deadline: number, expired: () => Error): void {
    this.#silence = undefined;
    this.#pauses = false;
    this.#expired = expired;
    this.#timer.arm(deadline);
  }

  /** Gives the peer `ms` from now, then fails with `timeout`. `failing`: what it did not do. */
  allow(ms: number, failing: string): void {
    this.setDeadline(clock() + ms, () => new SyncupError('timeout', `${failing} within ${ms} ms`));
  }

  /** As {@link allow}, but every byte that arrives restarts the time, even within a frame. */
  allowSilence(ms: number, failing: string): void {
    this.allow(ms, failing);
    this.#silence = ms;
    this.#arrivals = this.#connection.arrivals;
  }

  /**
   * Gives each frame `ms` from the last of its bytes that arrived, and the time between frames no
   * limit. `failing`: what the peer did not do.
   */
  allowPauses(ms: number, failing: string): void {
    this.allowSilence(ms, failing);
    this.#pauses = true;
  }

  #onDeadline(): void {
    const { arrivals, isMidFrame } = this.#connection;
    const isPause = this.#pauses && isMidFrame !== true;
    if (this.#silence === undefined || (arrivals === this.#arrivals && !isPause)) {
      const reason = this.#expired();
      return this.#isClosing ? this.abort(reason) : this.fail(reason);
    }
    this.#arrivals = arrivals;
    this.#timer.arm(clock() + this.#silence);
  }

  /** Removes the deadline. A running timer stays, so that the next deadline needs no new one. */
  clearDeadline(): void {
    this.#timer.arm(Number.POSITIVE_INFINITY);
  }

  /** The next frame; undefined at the end. Throws the reason if the connection was lost. */
  async next(): Promise<Uint8Array | undefined> {
    try {
      const { value, done } = await this.#unlessFailed(() => this.#frames.next());
      return done ? undefined : value;
    } catch (error) {
      throw reasonOf(error);
    }
  }

  /** Queues a frame. False means that the connection is full: await {@link ready}. */
  send(frame: Uint8Array): boolean {
    return this.#connection.send(frame);
  }

  /** Resolves when there is room again. Throws the reason if the connection was lost. */
  async ready(): Promise<void> {
    try {
      await this.#unlessFailed(() => this.#connection.ready());
    } catch (error) {
      throw reasonOf(error);
    }
  }

  /** The result of `call`, but rejects as soon as this connection fails. */
  #unlessFailed<T>(call: () => Promise<T>): Promise<T> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#pending.add(reject);
      const settle = (): void => void this.#pending.delete(reject);
      call().then(resolve, reject).finally(settle);
    });
  }

  /**
   * Ends the conversation on this side: {@link next} and {@link ready} reject with the reason. The
   * peer can still be sent what remains to be said, before {@link close}.
   */
  fail(reason: Error): void {
    this.#failure ??= reason;
    for (const reject of this.#pending) reject(this.#failure);
  }

  /** Ends the connection at once, with nothing more sent. */
  abort(reason: Error): void {
    this.#connection.abort(reason);
  }

  /** Closes after the queued frames are sent, and aborts if the peer does not close its side. Never rejects. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.allow(this.#closeTimeout, 'the peer did not close its side');
    await this.#connection.close();
    this.#cancelAbort();
    this.#timer.disarm();
  }
}
