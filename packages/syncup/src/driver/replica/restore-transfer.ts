import { SyncupError } from '../../errors.ts';
import { Hash64 } from '../../fingerprint/hash64.ts';
import type { LogStore } from '../../log/log-store.ts';
import { toError } from '../connection/syncup-connection.ts';

/**
 * A full copy on its way into a log. It lives as long as the log waits for it, over as many
 * connections as it takes; what has come is not asked for again.
 */
export class RestoreTransfer implements AsyncIterable<Uint8Array> {
  /** The feeder's id of the snapshot. */
  readonly id: bigint;
  /** How long it is, in bytes. */
  readonly size: number;
  #received = 0;
  readonly #hash = new Hash64();
  readonly #importing: Promise<void>;
  #failure: { readonly error: unknown } | undefined;
  /** One chunk at a time: the log's speed is the transfer's. */
  #chunk: Uint8Array | undefined;
  #state: 'open' | 'complete' | 'failed' = 'open';
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;

  constructor(log: LogStore, id: bigint, size: number) {
    this.id = id;
    this.size = size;
    this.#importing = log.importSnapshot(this);
    this.#importing.catch((error: unknown) => {
      this.#failure ??= { error };
      this.#state = 'failed';
      this.#wakeWriter?.();
    });
  }

  /** Where it must go on, in bytes. */
  get received(): number {
    return this.#received;
  }

  /** Takes the next bytes once the log has taken those before. Throws what the log threw. */
  async push(offset: number, bytes: Uint8Array): Promise<void> {
    if (offset !== this.#received || offset + bytes.length > this.size) {
      const expected = `bytes from ${this.#received} up to ${this.size} at most`;
      throw new SyncupError('protocol', `expected ${expected}, not ${bytes.length} at ${offset}`);
    }
    while (this.#chunk !== undefined && this.#state === 'open') {
      await new Promise<void>((resolve) => {
        this.#wakeWriter = resolve;
      });
    }
    this.#check();
    this.#hash.update(bytes);
    this.#received += bytes.length;
    if (bytes.length === 0) return;
    this.#chunk = bytes;
    this.#wakeReader?.();
  }

  /**
   * Ends it, and resolves when the log has been replaced. Throws `snapshot` when the size or the
   * digest is another, or what the log threw; the log is then as it was.
   */
  async complete(size: number, digest: bigint): Promise<void> {
    const actual = this.#hash.digest();
    if (size !== this.size || this.#received !== size || actual !== digest) {
      const found = `${this.#received} bytes of digest ${actual.toString(16)}`;
      const said = `${size} of ${digest.toString(16)}`;
      const error = new SyncupError('snapshot', `the copy is damaged: ${found}, not ${said}`);
      await this.fail(error);
      throw error;
    }
    this.#state = this.#state === 'open' ? 'complete' : this.#state;
    this.#wakeReader?.();
    await this.#importing;
  }

  /** Gives up: the log stays as it is. Resolves when it has let go. */
  async fail(error: Error): Promise<void> {
    if (this.#state === 'open') {
      this.#failure = { error };
      this.#state = 'failed';
      this.#wakeReader?.();
      this.#wakeWriter?.();
    }
    await this.#importing.catch(() => undefined);
  }

  /** What the log reads. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      this.#check();
      const chunk = this.#chunk;
      if (chunk !== undefined) {
        this.#chunk = undefined;
        this.#wakeWriter?.();
        yield chunk;
      } else if (this.#state === 'complete') {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve;
        });
      }
    }
  }

  #check(): void {
    if (this.#failure) throw toError(this.#failure.error);
  }
}
