import { pause, SerialQueue, toError, Waiters } from '@shoal/async';
import { NodeError } from '../errors.ts';

/** How long the application may take to return when the node closes, in ms. */
const CLOSE_TIMEOUT = 3000;

/**
 * Calls the application about what has happened to the log, one call at a time and in order. The log
 * goes on meanwhile: an application that hangs takes away neither the vote of this node nor what
 * others count on it to store.
 */
export class Delivery {
  readonly #onFailure: (error: NodeError) => void;
  readonly #maxBytes: number;
  readonly #queue = new SerialQueue();
  readonly #room = new Waiters();
  #bytes = 0;
  #isClosed = false;
  #hasFailed = false;

  /** `onFailure` is called once, when the application throws. No other call follows it. */
  constructor(options: {
    readonly maxBytes: number;
    readonly onFailure: (error: NodeError) => void;
  }) {
    this.#maxBytes = options.maxBytes;
    this.#onFailure = options.onFailure;
  }

  /** Calls the application after all calls before. */
  run(what: string, call: () => void | Promise<void>, bytes = 0): void {
    if (this.#isClosed) return;
    this.#bytes += bytes;
    void this.#queue.run(async () => {
      if (!this.#isClosed && !this.#hasFailed) await this.#call(what, call);
      this.#bytes -= bytes;
      if (this.#hasRoom) this.#room.resolveAll();
    });
  }

  /** Resolves once the application has caught up with most of what it was given, or at the signal. */
  async room(signal: AbortSignal): Promise<void> {
    while (!this.#hasRoom && !signal.aborted) {
      await this.#room.wait({ signal }).catch(() => undefined);
    }
  }

  /** Drops the calls that have not begun. Resolves once the present one has returned, or soon. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#room.resolveAll();
    const ended = new AbortController();
    const idle = this.#queue.run(async () => ended.abort());
    await Promise.race([idle, pause(CLOSE_TIMEOUT, ended.signal)]);
  }

  get #hasRoom(): boolean {
    return this.#bytes < this.#maxBytes || this.#isClosed || this.#hasFailed;
  }

  async #call(what: string, call: () => void | Promise<void>): Promise<void> {
    try {
      await call();
    } catch (cause) {
      this.#hasFailed = true;
      const text = `${what} threw: ${toError(cause).message}`;
      this.#onFailure(new NodeError('application', text, { cause }));
    }
  }
}
