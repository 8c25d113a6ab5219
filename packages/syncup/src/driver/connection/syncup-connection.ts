import type { Connection } from '@shoal/transport';
import { WireError } from '@shoal/wire';
import { SyncupError } from '../../errors.ts';

/** The time, in ms, on a clock that never goes back. */
export function clock(): number {
  return performance.now();
}

/** The {@link SyncupError} behind an error, such as the reason of an abort; else the error. */
export function reasonOf(error: unknown): unknown {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof SyncupError) return cause;
  }
  return error;
}

/** Reads a frame with `decode`; what is wrong with it is the peer's fault. */
export function decoded<T>(frame: Uint8Array, decode: (frame: Uint8Array) => T): T {
  try {
    return decode(frame);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw new SyncupError('protocol', `the peer sent a bad message: ${cause.message}`, { cause });
  }
}

/**
 * A connection with one deadline and one signal: when either comes, it is broken off, and
 * whoever waits on it gets the reason.
 */
export class Link {
  readonly connection: Connection;
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #signal: AbortSignal;
  readonly #closeTimeout: number;
  #deadline = Number.POSITIVE_INFINITY;
  #expire: () => Error = () => new SyncupError('timeout', 'the peer took too long');
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  /** `closeTimeout`: how long the peer may take to close its side, in ms. */
  constructor(connection: Connection, signal: AbortSignal, closeTimeout: number) {
    this.connection = connection;
    this.#closeTimeout = closeTimeout;
    this.#iterator = connection[Symbol.asyncIterator]();
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort);
    if (signal.aborted) this.#onAbort();
  }

  readonly #onAbort = (): void => this.abort(toError(this.#signal.reason));

  /** Breaks the connection off with `expire()` at `deadline`, instead of what was set before. */
  watch(deadline: number, expire: () => Error): void {
    this.#deadline = deadline;
    this.#expire = expire;
    // A timer that fires too early looks again: a new deadline costs no new timer.
    if (deadline < this.#timerAt) this.#arm(deadline);
  }

  unwatch(): void {
    this.#deadline = Number.POSITIVE_INFINITY;
  }

  #arm(at: number): void {
    clearTimeout(this.#timer);
    this.#timerAt = at;
    const delay = Math.min(Math.max(0, Math.ceil(at - clock())), 2 ** 31 - 1);
    this.#timer = setTimeout(() => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      if (clock() >= this.#deadline) this.abort(this.#expire());
      else if (this.#deadline !== Number.POSITIVE_INFINITY) this.#arm(this.#deadline);
    }, delay);
  }

  /** The next frame; undefined at the end. Throws the reason why the connection was lost. */
  async next(): Promise<Uint8Array | undefined> {
    try {
      const { value, done } = await this.#iterator.next();
      return done ? undefined : value;
    } catch (error) {
      throw reasonOf(error);
    }
  }

  /** False: wait for {@link Link.ready}. */
  send(frame: Uint8Array): boolean {
    return this.connection.send(frame);
  }

  async ready(): Promise<void> {
    try {
      await this.connection.ready();
    } catch (error) {
      throw reasonOf(error);
    }
  }

  abort(reason: Error): void {
    this.connection.abort(reason);
  }

  /** Closes after what was sent has left, or breaks off. Never rejects. */
  async close(): Promise<void> {
    const expire = (): Error => new SyncupError('timeout', 'the peer does not close its side');
    this.watch(clock() + this.#closeTimeout, expire);
    await this.connection.close();
    this.#signal.removeEventListener('abort', this.#onAbort);
    clearTimeout(this.#timer);
  }
}

/** How long to wait for a peer that does not close, given how patient one is otherwise, in ms. */
export function closeTimeoutOf({
  stepTimeout = 30_000,
}: {
  readonly stepTimeout?: number;
}): number {
  return Math.min(stepTimeout, 5000);
}

export function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
