import type { OnReadOpts } from 'node:net';
import type { FrameDecoder } from '@shoal/wire';

/** How many bytes are read at once. */
const SIZE = 65_536;

/**
 * Reads a socket without allocating a buffer for each read: a large frame is read into its own
 * memory, everything else into a buffer that is reused if little was read. It must be given to the
 * socket when that is created, so only dialed connections can have it.
 */
export class DirectInput {
  /** An option of the socket. */
  readonly onread: OnReadOpts = {
    buffer: () => this.#target(),
    callback: (count, buffer) => this.#take(count, buffer),
  };
  #decoder: FrameDecoder | undefined;
  #onInput: () => void = () => {};
  #buffer: Uint8Array | undefined;
  /** True if the next bytes go into the memory of a frame. */
  #direct = false;

  /** Passes what is read to `decoder` from now on, and calls `onInput` after each read. */
  feed(decoder: FrameDecoder, onInput: () => void): void {
    this.#decoder = decoder;
    this.#onInput = onInput;
  }

  /** Drops what is read from now on. */
  stop(): void {
    this.#decoder = undefined;
  }

  #target(): Uint8Array {
    this.#buffer ??= new Uint8Array(Buffer.allocUnsafeSlow(SIZE).buffer);
    const space = this.#decoder?.space();
    this.#direct = space !== undefined;
    return space ?? this.#buffer;
  }

  #take(count: number, target: Uint8Array): boolean {
    const decoder = this.#decoder;
    if (!decoder) return true;
    if (this.#direct) decoder.fill(count);
    else if (count < SIZE / 2) decoder.push(target.slice(0, count));
    else {
      decoder.push(target.subarray(0, count));
      this.#buffer = undefined;
    }
    this.#onInput();
    return true;
  }
}
