import { WireError } from '../errors.ts';
import { putU32, u32At } from './little-endian.ts';

/**
 * The longest payload that a frame may have, in bytes: 64 MiB, the limit of Noxu's streams.
 */
export const MAX_FRAME_LENGTH = 67_108_864;

/** How many bytes stand before each payload: its length as u32, little-endian. */
export const FRAME_HEADER_LENGTH = 4;

/** Chunks below this size are gathered, so that one-byte chunks do not cost an object each. */
const GATHER_BELOW = 1024;
/** How many gathered bytes share one buffer. */
const GATHER_SIZE = 4096;

/** Frames that get a buffer of their own before all of them is there: not longer than this, */
const OWN_UP_TO = 1_048_576;
/** with at least this part of them there, */
const ARRIVED_PART = 16;
/** and at least so many bytes missing. */
const MISSING = 16_384;

const EMPTY: Uint8Array = /* @__PURE__ */ new Uint8Array(0);

/** Limits of a {@link FrameDecoder}. */
export interface FrameDecoderOptions {
  /** The longest payload to accept, 0..4294967295 bytes. Default {@link MAX_FRAME_LENGTH}. */
  readonly maxLength?: number;
}

/**
 * Cuts a byte stream into frames: `length:u32 LE, payload`, one after another.
 *
 * Hand each chunk in with {@link FrameDecoder.push}, then call {@link FrameDecoder.next} until
 * it returns `undefined`. Frames are cut when they are asked for, so what is held is what has
 * arrived and was not taken yet, at most doubled for small chunks, and not on the word of an
 * announced length: {@link FrameDecoder.buffered} is what a caller limits by pausing its source.
 *
 * A payload that lies within one chunk is a view of that chunk; one that spans chunks is copied
 * once, when its last byte is there. (Chunks of less than 1 KiB that arrive while a frame is
 * incomplete are gathered into 4 KiB buffers first.)
 */
export class FrameDecoder {
  /** The longest payload to accept, in bytes; a change holds for frames not yet taken. */
  maxLength: number;
  /** Chunks that hold unread bytes are those from `#first` on. */
  readonly #chunks: Uint8Array[] = [];
  #first = 0;
  /** The offset of the next unread byte in the first of them. */
  #at = 0;
  #buffered = 0;
  /** The length that the next frame announces, -1 while its header is incomplete. */
  #announced = -1;
  /** How many bytes were taken so far: where in the stream the next frame starts. */
  #position = 0;
  /** The buffer whose used part is the last of the chunks, if that one was gathered. */
  #gathered: Uint8Array = EMPTY;
  /** The payload of the next frame, once it has a buffer of its own, and how much of it is there. */
  #own: Uint8Array | undefined;
  #filled = 0;

  /** Throws a `range` {@link WireError} for a `maxLength` that is no u32. */
  constructor(options: FrameDecoderOptions = {}) {
    const maxLength = options.maxLength ?? MAX_FRAME_LENGTH;
    if (maxLength !== maxLength >>> 0) {
      throw new WireError('range', 0, `a maxLength of 0..4294967295, not ${maxLength}`);
    }
    this.maxLength = maxLength;
  }

  /** How many bytes were pushed and not yet taken as part of a frame. */
  get buffered(): number {
    return this.#buffered;
  }

  /** Whether {@link FrameDecoder.next} would return a frame, or throw. */
  get ready(): boolean {
    const length = this.#peek();
    return (
      length >= 0 && (length > this.maxLength || this.#buffered - FRAME_HEADER_LENGTH >= length)
    );
  }

  /** Adds bytes of the stream. They are the decoder's from then on: do not change them. */
  push(chunk: Uint8Array): void {
    if (this.#own) {
      const rest = Math.min(chunk.length, this.#own.length - this.#filled);
      this.#own.set(chunk.subarray(0, rest), this.#filled);
      this.fill(rest);
      chunk = chunk.subarray(rest);
    }
    if (chunk.length === 0) return;
    if (this.#chunks.length > 0 && chunk.length < GATHER_BELOW) this.#gather(chunk);
    else {
      this.#chunks.push(chunk);
      this.#gathered = EMPTY;
    }
    this.#buffered += chunk.length;
  }

  /**
   * Where the rest of a large frame may be read into, so that it need not be copied: whoever did
   * that says so by {@link FrameDecoder.fill}. `undefined` when the next bytes are to be pushed.
   * There is a buffer only for a frame of up to 1 MiB of which a 16th is there. Nothing may be
   * pushed between the two calls.
   */
  space(): Uint8Array | undefined {
    if (this.#own === undefined) {
      const length = this.#peek();
      const arrived = this.#buffered - FRAME_HEADER_LENGTH;
      if (length < 0 || length > Math.min(this.maxLength, OWN_UP_TO)) return undefined;
      if (length - arrived < MISSING || arrived * ARRIVED_PART < length) return undefined;
      this.#skip(FRAME_HEADER_LENGTH);
      this.#own = this.#join(length, arrived);
      this.#filled = arrived;
    }
    return this.#filled < this.#own.length ? this.#own.subarray(this.#filled) : undefined;
  }

  /**
   * Says that the first `count` bytes of {@link FrameDecoder.space} were read. Throws `range` when
   * it has not so many.
   */
  fill(count: number): void {
    const room = (this.#own?.length ?? 0) - this.#filled;
    if (!(Number.isInteger(count) && count >= 0 && count <= room)) {
      throw new WireError('range', this.#position, `a count of 0..${room}, not ${count}`);
    }
    this.#filled += count;
    this.#buffered += count;
  }

  /**
   * The payload of the next frame, or `undefined` when it has not arrived in full. A view of a
   * chunk keeps that whole chunk in memory: copy what is to be kept for long.
   *
   * Throws `length` for a frame over {@link FrameDecoder.maxLength}, as soon as its header is
   * there, and again at every later call: nothing after it can be read.
   */
  next(): Uint8Array | undefined {
    const length = this.#peek();
    if (length < 0) return undefined;
    if (length > this.maxLength) {
      const expected = `a frame of at most ${this.maxLength} bytes, not ${length}`;
      throw new WireError('length', this.#position, expected);
    }
    const size = FRAME_HEADER_LENGTH + length;
    if (this.#buffered < size) return undefined;

    this.#announced = -1;
    this.#buffered -= size;
    this.#position += size;
    return this.#own ? this.#takeOwn() : this.#cut(length);
  }

  #takeOwn(): Uint8Array {
    const own = this.#own!;
    this.#own = undefined;
    this.#filled = 0;
    return own;
  }

  #cut(length: number): Uint8Array {
    const head = this.#chunks[this.#first]!;
    const start = this.#at + FRAME_HEADER_LENGTH;
    if (start + length > head.length) {
      this.#skip(FRAME_HEADER_LENGTH);
      return this.#join(length, length);
    }
    this.#at = start + length;
    if (this.#at === head.length) this.#drop();
    // Not `subarray`: of a Node Buffer that is a Buffer, whose `slice` does not copy.
    return length === 0 ? EMPTY : new Uint8Array(head.buffer, head.byteOffset + start, length);
  }

  /** To be called at the end of the stream: throws `truncated` when that cuts a frame. */
  finish(): void {
    if (this.#buffered === 0) return;
    const offset = this.#position + this.#buffered;
    throw new WireError('truncated', offset, `the rest of the frame at byte ${this.#position}`);
  }

  /** Forgets what was pushed and not taken, so that its memory is free. */
  clear(): void {
    this.#position += this.#buffered;
    this.#chunks.length = 0;
    this.#first = 0;
    this.#at = 0;
    this.#buffered = 0;
    this.#announced = -1;
    this.#gathered = EMPTY;
    this.#own = undefined;
    this.#filled = 0;
  }

  /** The announced length of the next frame, -1 when its header is incomplete. */
  #peek(): number {
    if (this.#announced >= 0) return this.#announced;
    if (this.#buffered < FRAME_HEADER_LENGTH) return -1;
    let index = this.#first;
    let chunk = this.#chunks[index]!;
    let at = this.#at;
    if (at + FRAME_HEADER_LENGTH <= chunk.length) {
      this.#announced = u32At(chunk, at);
      return this.#announced;
    }
    let length = 0;
    for (let shift = 0; shift < 32; shift += 8) {
      if (at === chunk.length) {
        chunk = this.#chunks[++index]!;
        at = 0;
      }
      length |= chunk[at++]! << shift;
    }
    this.#announced = length >>> 0;
    return this.#announced;
  }

  /** A buffer of `length` bytes that begins with the next `count` ones, all of them there. */
  #join(length: number, count: number): Uint8Array {
    if (length === 0) return EMPTY;
    const payload = new Uint8Array(length);
    for (let filled = 0; filled < count; ) {
      const chunk = this.#chunks[this.#first]!;
      const part = Math.min(chunk.length - this.#at, count - filled);
      payload.set(chunk.subarray(this.#at, this.#at + part), filled);
      filled += part;
      this.#skip(part);
    }
    return payload;
  }

  #skip(count: number): void {
    this.#at += count;
    while (this.#first < this.#chunks.length && this.#at >= this.#chunks[this.#first]!.length) {
      this.#at -= this.#chunks[this.#first]!.length;
      this.#drop(this.#at);
    }
  }

  /** Lets go of the first chunk; the next one is read from `at` on. */
  #drop(at = 0): void {
    this.#at = at;
    this.#chunks[this.#first++] = EMPTY;
    if (this.#first === this.#chunks.length) {
      this.#chunks.length = 0;
      this.#first = 0;
      this.#gathered = EMPTY;
    } else if (this.#first >= 64 && this.#first * 2 >= this.#chunks.length) {
      this.#chunks.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /** Appends a small chunk to the last one, if that was gathered and has room. */
  #gather(chunk: Uint8Array): void {
    const buffer = this.#gathered;
    const last = this.#chunks.length - 1;
    const used = this.#chunks[last]!.length;
    if (used + chunk.length <= buffer.length) {
      buffer.set(chunk, used);
      this.#chunks[last] = buffer.subarray(0, used + chunk.length);
    } else {
      this.#gathered = new Uint8Array(GATHER_SIZE);
      this.#gathered.set(chunk);
      this.#chunks.push(this.#gathered.subarray(0, chunk.length));
    }
  }
}

/**
 * Writes the header of a frame with a payload of `length` bytes to `target`, at `offset`.
 *
 * Throws `length` for a payload over `maxLength`, and `capacity` when four bytes do not fit.
 */
export function writeFrameHeader(
  target: Uint8Array,
  offset: number,
  length: number,
  maxLength: number = MAX_FRAME_LENGTH,
): void {
  if (!(Number.isInteger(length) && length >= 0 && length <= maxLength)) {
    throw new WireError('length', offset, `a frame of at most ${maxLength} bytes, not ${length}`);
  }
  if (!(offset >= 0 && offset + FRAME_HEADER_LENGTH <= target.length)) {
    throw new WireError('capacity', offset, 'room for the 4 bytes of a frame header');
  }
  putU32(target, offset, length);
}

/** The frame of `payload`, header and all. Throws `length` for a payload over `maxLength`. */
export function encodeFrame(payload: Uint8Array, maxLength: number = MAX_FRAME_LENGTH): Uint8Array {
  if (payload.length > maxLength) {
    throw new WireError(
      'length',
      0,
      `a frame of at most ${maxLength} bytes, not ${payload.length}`,
    );
  }
  const frame = new Uint8Array(FRAME_HEADER_LENGTH + payload.length);
  writeFrameHeader(frame, 0, payload.length, maxLength);
  frame.set(payload, FRAME_HEADER_LENGTH);
  return frame;
}
