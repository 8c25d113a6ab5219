import type { Connection, Listener } from '@shoal/transport';

/** What a network does to a frame on its way, besides delivering it. */
export interface Wire {
  /** Changes the frame, or drops it (undefined), or cuts the connection (throws). */
  onFrame?(frame: Uint8Array, from: 'dialer' | 'listener'): Uint8Array | undefined;
}

const HIGH_WATER = 64 * 1024;

class End implements Connection {
  readonly remoteAddress: string;
  other!: End;
  readonly #side: 'dialer' | 'listener';
  readonly #wire: Wire;
  readonly #inbox: Uint8Array[] = [];
  #inboxBytes = 0;
  #error: Error | undefined;
  #closed = false;
  #ended = false;
  #wakeReader: (() => void) | undefined;
  readonly #wakeWriters = new Set<() => void>();
  readonly #gone: Promise<void>;
  #onGone!: () => void;
  /** The most bytes that ever waited to be read here. */
  peak = 0;

  constructor(remoteAddress: string, side: 'dialer' | 'listener', wire: Wire) {
    this.remoteAddress = remoteAddress;
    this.#side = side;
    this.#wire = wire;
    this.#gone = new Promise((resolve) => {
      this.#onGone = resolve;
    });
  }

  get gone(): boolean {
    return this.#error !== undefined || (this.#closed && this.other.#closed);
  }

  send(frame: Uint8Array): boolean {
    if (this.#closed || this.#error) return false;
    let sent: Uint8Array | undefined;
    try {
      sent = this.#wire.onFrame ? this.#wire.onFrame(frame, this.#side) : frame;
    } catch (error) {
      this.abort(error as Error);
      return false;
    }
    if (sent !== undefined) this.other.#deliver(sent);
    return this.other.#inboxBytes < HIGH_WATER;
  }

  #deliver(frame: Uint8Array): void {
    if (this.#closed || this.#error) return;
    this.#inbox.push(frame);
    this.#inboxBytes += frame.length;
    this.peak = Math.max(this.peak, this.#inboxBytes);
    this.#wakeReader?.();
  }

  async ready(options?: { signal?: AbortSignal }): Promise<void> {
    for (;;) {
      options?.signal?.throwIfAborted();
      if (this.#error) throw this.#error;
      if (this.#closed) throw new Error('closed');
      if (this.other.#inboxBytes < HIGH_WATER) return;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.other.#wakeWriters.delete(wake);
          resolve();
        };
        this.other.#wakeWriters.add(wake);
      });
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const frame = this.#inbox.shift();
      if (frame !== undefined) {
        this.#inboxBytes -= frame.length;
        for (const wake of this.#wakeWriters) wake();
        yield frame;
      } else if (this.#error) throw this.#error;
      else if (this.#ended || this.#closed) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve;
        });
      }
    }
  }

  async close(): Promise<void> {
    if (!this.#closed && !this.#error) {
      this.#closed = true;
      this.#inbox.length = 0;
      this.#inboxBytes = 0;
      this.other.#ended = true;
      this.#wake();
      this.other.#wake();
      if (this.other.#closed) this.#finish();
    }
    await this.#gone;
  }

  abort(reason: Error): void {
    if (this.#error) return;
    this.#lose(Object.assign(new Error('aborted'), { cause: reason }));
    this.other.#lose(new Error('reset by the peer'));
  }

  #lose(error: Error): void {
    if (this.#error) return;
    this.#error = error;
    this.#inboxBytes = 0;
    this.#wake();
    this.#onGone();
  }

  #finish(): void {
    this.#onGone();
    this.other.#onGone();
  }

  #wake(): void {
    this.#wakeReader?.();
    for (const wake of [...this.#wakeWriters, ...this.other.#wakeWriters]) wake();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A network of one listener in memory; connections have bounded buffers, as real ones have. */
export class MemoryNetwork {
  readonly wire: Wire = {};
  readonly connections: End[] = [];
  readonly #queue: Connection[] = [];
  #wake: (() => void) | undefined;
  #closed = false;

  readonly listener: Listener = (() => {
    const network = this;
    const close = async (): Promise<void> => {
      network.#closed = true;
      network.#wake?.();
    };
    return {
      address: 'memory:1',
      close,
      [Symbol.asyncDispose]: close,
      async *[Symbol.asyncIterator]() {
        while (!network.#closed) {
          const connection = network.#queue.shift();
          if (connection) yield connection;
          else {
            await new Promise<void>((resolve) => {
              network.#wake = resolve;
            });
          }
        }
      },
    };
  })();

  readonly dial = async (): Promise<Connection> => {
    if (this.#closed) throw new Error('refused');
    const [dialer, accepted] = this.pair();
    this.#queue.push(accepted);
    this.#wake?.();
    return dialer;
  };

  /** Two ends, the listener left out. */
  pair(): [End, End] {
    const number = this.connections.length / 2 + 1;
    const dialer = new End('memory:1', 'dialer', this.wire);
    const accepted = new End(`memory:${1000 + number}`, 'listener', this.wire);
    dialer.other = accepted;
    accepted.other = dialer;
    this.connections.push(dialer, accepted);
    return [dialer, accepted];
  }
}
