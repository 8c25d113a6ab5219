import { WireError } from '../errors.ts';
import { ChunkQueue } from './chunk-queue.ts';
import { FRAME_HEADER_LENGTH, MAX_FRAME_LENGTH } from './frame.ts';

/** Options of a {@link FrameDecoder}. */
export interface FrameDecoderOptions {
  /** The longest payload to accept, 0..4294967295 bytes. Default 67,108,864 (64 MiB). */
  readonly maxLength?: number | undefined;
}

/**
 * Cuts a byte stream into frames: the length of a payload as a little-endian u32, then the payload.
 *
 * Add each chunk with {@link FrameDecoder.push}, then call {@link FrameDecoder.next} until it
 * returns `undefined`. To bound the memory, pause the source while {@link FrameDecoder.buffered} is
 * high: the decoder holds what has arrived and has not been taken, at most twice that for small
 * chunks. It never reserves memory merely because a length was announced; see {@link
 * FrameDecoder.space} for frames of which a part has arrived.
 *
 * A payload that lies within one chunk is a view of that chunk. One that spans chunks is copied
 * once, when its last byte has arrived. (Chunks of less than 1 KiB that arrive while a frame is
 * incomplete are first gathered in 4 KiB buffers.)
 */
export class FrameDecoder {
  /** The longest payload to accept, in bytes. A change applies to the frames not yet taken. */
  maxLength: number;
  readonly #chunks = new ChunkQueue();
  /** The length of the next payload, or -1 while its header is incomplete. */
  #announced = -1;
  /** Where in the stream the next frame starts, in bytes. */
  #position = 0;
  /** The payload of the next frame, once it has memory of its own. Its header is then taken. */
  #own: Uint8Array | undefined;
  /** How many bytes of that payload have arrived. */
  #filled = 0;

  /** Throws a `WireError` with code `range` for a `maxLength` that is not a u32. */
  constructor(options: FrameDecoderOptions = {}) {
    const maxLength = options.maxLength ?? MAX_FRAME_LENGTH;
    if (maxLength !== maxLength >>> 0) {
      throw new WireError('range', 0, `a maxLength of 0..4294967295, not ${maxLength}`);
    }
    this.maxLength = maxLength;
  }

  /** How many bytes have arrived and have not been taken as part of a frame. */
  get buffered(): number {
    return this.#chunks.length + (this.#own ? FRAME_HEADER_LENGTH + this.#filled : 0);
  }

  /** True when {@link FrameDecoder.next} would return a frame, or throw. */
  get ready(): boolean {
    const length = this.#peekLength();
    return length > this.maxLength || this.#isComplete(length);
  }

  /** Adds bytes of the stream. They belong to the decoder from then on: do not change them. */
  push(chunk: Uint8Array): void {
    if (this.#own) {
      const rest = Math.min(chunk.length, this.#own.length - this.#filled);
      this.#own.set(chunk.subarray(0, rest), this.#filled);
      this.#filled += rest;
      chunk = chunk.subarray(rest);
    }
    this.#chunks.push(chunk);
  }

  /**
   * Memory into which a source may read the rest of a large frame, so that it need not be copied.
   * Report what was read with {@link FrameDecoder.fill}, and push nothing in between. Returns
   * `undefined` when the next bytes must be pushed: only frames of up to 1 MiB, of which a
   * sixteenth has arrived and at least 16 KiB are missing, get such memory.
   */
  space(): Uint8Array | undefined {
    if (this.#own === undefined && this.#deservesOwnMemory()) {
      this.#own = new Uint8Array(this.#announced);
      this.#chunks.skip(FRAME_HEADER_LENGTH);
      this.#filled = this.#chunks.length;
      this.#chunks.takeInto(this.#own, this.#filled);
    }
    const own = this.#own;
    return own && this.#filled < own.length ? own.subarray(this.#filled) : undefined;
  }

  /**
   * Reports that the first `count` bytes of {@link FrameDecoder.space} were read. Throws a
   * `WireError` with code `range`, and changes nothing, when the space is smaller.
   */
  fill(count: number): void {
    const room = (this.#own?.length ?? 0) - this.#filled;
    if (!(Number.isInteger(count) && count >= 0 && count <= room)) {
      throw new WireError('range', this.#position, `a count of 0..${room}, not ${count}`);
    }
    this.#filled += count;
  }

  /**
   * Takes the payload of the next frame, or returns `undefined` while it is incomplete. A view of a
   * chunk keeps the whole chunk in memory, so copy a payload that you keep for long.
   *
   * Throws a `WireError` with code `length` for a payload of more than {@link
   * FrameDecoder.maxLength} bytes, as soon as its header has arrived. Every later call throws it
   * too: the stream cannot be read any further.
   */
  next(): Uint8Array | undefined {
    const length = this.#peekLength();
    if (length > this.maxLength) {
      const expected = `a frame of at most ${this.maxLength} bytes, not ${length}`;
      throw new WireError('length', this.#position, expected);
    }
    if (!this.#isComplete(length)) return undefined;
    this.#announced = -1;
    this.#position += FRAME_HEADER_LENGTH + length;
    const own = this.#own;
    if (own) {
      this.#own = undefined;
      return own;
    }
    this.#chunks.skip(FRAME_HEADER_LENGTH);
    return this.#chunks.take(length);
  }

  /**
   * Call this at the end of the stream. Throws a `WireError` with code `truncated` if the last
   * frame is incomplete.
   */
  finish(): void {
    if (this.buffered === 0) return;
    const offset = this.#position + this.buffered;
    throw new WireError('truncated', offset, `the rest of the frame at byte ${this.#position}`);
  }

  /** Drops what has arrived and has not been taken, and frees its memory. */
  clear(): void {
    this.#position += this.buffered;
    this.#chunks.clear();
    this.#announced = -1;
    this.#own = undefined;
    this.#filled = 0;
  }

  /** The length of the next payload, or -1 while its header is incomplete. */
  #peekLength(): number {
    if (this.#announced < 0 && this.#chunks.length >= FRAME_HEADER_LENGTH) {
      this.#announced = this.#chunks.peekU32();
    }
    return this.#announced;
  }

  #isComplete(length: number): boolean {
    return length >= 0 && this.buffered >= FRAME_HEADER_LENGTH + length;
  }

  /**
   * True when the next frame should get memory of its own before all of it has arrived. A peer that
   * only announces frames gains nothing: it must have sent a part of each.
   */
  #deservesOwnMemory(): boolean {
    const length = this.#peekLength();
    const arrived = this.#chunks.length - FRAME_HEADER_LENGTH;
    return (
      length >= 0 &&
      length <= Math.min(this.maxLength, OWN_MEMORY.maxLength) &&
      arrived * OWN_MEMORY.arrivedPart >= length &&
      length - arrived >= OWN_MEMORY.minMissing
    );
  }
}

/** Which frames get memory of their own before all of their bytes have arrived. */
const OWN_MEMORY = {
  /** The longest, in bytes. */
  maxLength: 1_048_576,
  /** One part in this many must have arrived. */
  arrivedPart: 16,
  /** With fewer bytes missing than this, a copy is as fast. */
  minMissing: 16_384,
};
