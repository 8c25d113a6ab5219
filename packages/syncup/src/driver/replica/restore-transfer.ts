import { toError, Waiters } from '@shoal/async';
import { SyncupError } from '../../errors.ts';
import { Hash64 } from '../../fingerprint/hash64.ts';
import type { LogStore } from '../../log/log-store.ts';

/**
 * A snapshot on its way into a log. It may take several connections: a resumed restore continues
 * after the bytes that have arrived.
 */
export class RestoreTransfer implements AsyncIterable<Uint8Array> {
  /** The feeder's id of the snapshot. */
  readonly id: bigint;
  /** In bytes. */
  readonly size: number;
  #received = 0;
  readonly #hash = new Hash64();
  readonly #importing: Promise<void>;
  /** One chunk at a time, so that the log sets the pace. */
  #chunk: Uint8Array | undefined;
  #state: 'open' | 'complete' | 'failed' = 'open';
  #failure: { readonly error: unknown } | undefined;
  readonly #reader = new Waiters();
  readonly #writer = new Waiters();

  constructor(log: LogStore, id: bigint, size: number) {
    this.id = id;
    this.size = size;
    this.#importing = log.importSnapshot(this);
    this.#importing.catch((error: unknown) => {
      this.#failure ??= { error };
      this.#state = 'failed';
      this.#writer.resolveAll();
    });
  }

  /** How many bytes have arrived: where a resumed restore continues. */
  get received(): number {
    return this.#received;
  }

  /**
   * Takes the bytes at `offset` once the log has taken those before. Throws `protocol` if they do
   * not follow those before, or what the log threw.
   */
  async push(offset: number, bytes: Uint8Array): Promise<void> {
    if (offset !== this.#received || offset + bytes.length > this.size) {
      const expected = `bytes from ${this.#received} to ${this.size} at most`;
      throw new SyncupError('protocol', `expected ${expected}, not ${bytes.length} at ${offset}`);
    }
    while (this.#chunk !== undefined && this.#state === 'open') await this.#writer.wait();
    this.#throwFailure();
    this.#hash.update(bytes);
    this.#received += bytes.length;
    if (bytes.length === 0) return;
    this.#chunk = bytes;
    this.#reader.resolveAll();
  }

  /**
   * Ends the snapshot and resolves once it has replaced the log. Throws `snapshot` if the size or
   * the digest does not match, or what the log threw; the log is unchanged then.
   */
  async complete(size: number, digest: bigint): Promise<void> {
    const actual = this.#hash.digest();
    if (size !== this.size || this.#received !== size || actual !== digest) {
      const found = `${this.#received} bytes with digest ${actual.toString(16)}`;
      const told = `${size} with digest ${digest.toString(16)}`;
      const error = new SyncupError(
        'snapshot',
        `the snapshot arrived damaged: ${found}, not ${told}`,
      );
      await this.fail(error);
      throw error;
    }
    if (this.#state === 'open') this.#state = 'complete';
    this.#reader.resolveAll();
    await this.#importing;
  }

  /** Gives up; the log stays unchanged. Resolves once the log has stopped reading. Never rejects. */
  async fail(error: Error): Promise<void> {
    if (this.#state === 'open') {
      this.#failure = { error };
      this.#state = 'failed';
      this.#reader.resolveAll();
      this.#writer.resolveAll();
    }
    await this.#importing.catch(() => undefined);
  }

  /** The bytes, as the log reads them. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      this.#throwFailure();
      const chunk = this.#chunk;
      if (chunk !== undefined) {
        this.#chunk = undefined;
        this.#writer.resolveAll();
        yield chunk;
      } else if (this.#state === 'complete') {
        return;
      } else {
        await this.#reader.wait();
      }
    }
  }

  #throwFailure(): void {
    if (this.#failure) throw toError(this.#failure.error);
  }
}
