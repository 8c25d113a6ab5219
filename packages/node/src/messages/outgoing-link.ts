import { Backoff, toError } from '@shoal/async';
import type { Connection } from '@shoal/transport';

/** How many frames wait while a connection is being made; older ones are dropped. */
const MAX_WAITING = 16;
/** The waits between attempts to connect, in ms. */
const RETRY = { minDelay: 50, maxDelay: 2000 };
/** How long a connection may take nothing before it is given up, in ms. */
const STUCK_AFTER = 2000;

/** What an {@link OutgoingLink} works with. */
export interface OutgoingLinkParts {
  /** Connects and introduces this node. */
  readonly dial: (signal: AbortSignal) => Promise<Connection>;
  /** Reads what the peer sends until the connection ends. May reject. */
  readonly read: (connection: Connection) => Promise<void>;
  readonly random: () => number;
  /** The node could not be reached, or has broken the connection off. */
  readonly onFailure: (error: Error, retryIn: number) => void;
}

/**
 * Frames to one other node. It connects when there is something to send. What cannot be sent soon is
 * dropped: consensus says everything again.
 */
export class OutgoingLink {
  readonly #parts: OutgoingLinkParts;
  readonly #stopping = new AbortController();
  readonly #backoff: Backoff;
  readonly #waiting: Uint8Array[] = [];
  #connection: Connection | undefined;
  #isDialing = false;
  #retryAt = 0;
  /** Since when the connection has had no room, in ms. */
  #stuckSince: number | undefined;

  constructor(parts: OutgoingLinkParts) {
    this.#parts = parts;
    this.#backoff = new Backoff({ ...RETRY, random: parts.random });
  }

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  send(frame: Uint8Array): void {
    if (this.#connection !== undefined) return this.#sendOn(this.#connection, frame);
    this.#waiting.push(frame);
    if (this.#waiting.length > MAX_WAITING) this.#waiting.shift();
    this.connect();
  }

  /** Connects, unless it is connected or has failed to connect a moment ago. */
  connect(): void {
    const mayDial = !this.#isDialing && this.#connection === undefined;
    if (!mayDial || this.#stopping.signal.aborted || performance.now() < this.#retryAt) return;
    this.#isDialing = true;
    void this.#run();
  }

  /** Breaks the connection off for good. */
  close(reason: Error): void {
    this.#stopping.abort(reason);
    this.#connection?.abort(reason);
  }

  /** One connection, from dialing to its end. Never rejects. */
  async #run(): Promise<void> {
    let since: number | undefined;
    let failure: Error | undefined;
    try {
      const connection = await this.#parts.dial(this.#stopping.signal);
      since = performance.now();
      this.#connection = connection;
      this.#stuckSince = undefined;
      for (const frame of this.#waiting.splice(0)) connection.send(frame);
      if (this.#stopping.signal.aborted) connection.abort(toError(this.#stopping.signal.reason));
      await this.#parts.read(connection);
      connection.abort(new Error('the peer has ended the connection'));
    } catch (error) {
      failure = toError(error);
      this.#connection?.abort(failure);
    }
    this.#connection = undefined;
    this.#isDialing = false;
    this.#waiting.length = 0;
    const lasted = since === undefined ? 0 : performance.now() - since;
    const retryIn = this.#backoff.next({ lasted });
    this.#retryAt = performance.now() + retryIn;
    if (failure && !this.#stopping.signal.aborted) this.#parts.onFailure(failure, retryIn);
  }

  #sendOn(connection: Connection, frame: Uint8Array): void {
    if (this.#stuckSince !== undefined) {
      const stuckFor = performance.now() - this.#stuckSince;
      if (stuckFor > STUCK_AFTER) connection.abort(new Error(`took nothing for ${stuckFor} ms`));
      return;
    }
    if (connection.send(frame)) return;
    this.#stuckSince = performance.now();
    connection.ready().then(
      () => {
        this.#stuckSince = undefined;
      },
      () => undefined,
    );
  }
}
