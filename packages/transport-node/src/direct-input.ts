import type { OnReadOpts } from 'node:net';
import type { FrameDecoder } from '@shoal/wire';

/** How much is read at once, in bytes. */
const SIZE = 65_536;

/**
 * Reads a socket without a new buffer for each read: a large frame straight into the memory that
 * it keeps, anything else into a buffer that serves again when little was read. A socket takes
 * this when it is made, so only one that dials can have it.
 */
export class DirectInput {
  /** For the options of the socket. */
  readonly onread: OnReadOpts = {
    buffer: () => this.#target(),
    callback: (count, buffer) => this.#take(count, buffer),
  };
  #decoder: FrameDecoder | undefined;
  #onInput: () => void = () => {};
  #buffer: Uint8Array | undefined;
  /** Whether the next bytes go straight into a frame. */
  #direct = false;

  /** From now on `decoder` gets what is read, and `onInput` is called each time. */
  feed(decoder: FrameDecoder, onInput: () => void): void {
    this.#decoder = decoder;
    this.#onInput = onInput;
  }

  /** From now on what is read is dropped. */
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
