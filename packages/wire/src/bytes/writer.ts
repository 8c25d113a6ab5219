import { WireError, type WireErrorCode } from '../errors.ts';
import { encodeAsciiInto, encodeUtf8 } from './text.ts';

const SHORT = 48;

/** How a {@link ByteWriter} gets its memory. */
export interface ByteWriterOptions {
  /** First size of the buffer, in bytes. Default 256. */
  readonly capacity?: number;
  /** When true, the buffer never grows: what does not fit throws `capacity`. Default false. */
  readonly fixed?: boolean;
}

/**
 * Writes numbers, text and bytes into one buffer that grows, or does not when `fixed`.
 *
 * To undo a half-written value, note {@link ByteWriter.offset} before it and set it to that again
 * ({@link rollback}). A writer is reused by {@link ByteWriter.reset}; what
 * {@link ByteWriter.view} returned before is then overwritten.
 */
export class ByteWriter {
  /** The buffer. Only bytes below {@link ByteWriter.offset} have been written. */
  bytes: Uint8Array;
  /** How many bytes have been written. */
  offset: number;
  readonly #fixed: boolean;

  constructor(options: ByteWriterOptions = {}) {
    this.bytes = new Uint8Array(options.capacity ?? 256);
    this.offset = 0;
    this.#fixed = options.fixed ?? false;
  }

  /** Forgets what was written and keeps the buffer. */
  reset(): this {
    this.offset = 0;
    return this;
  }

  /** Throws a {@link WireError} that points at the end of what was written. */
  fail(code: WireErrorCode, expected: string): never {
    throw new WireError(code, this.offset, expected);
  }

  /** Claims `count` bytes and returns the offset of the first one. */
  reserve(count: number): number {
    const at = this.offset;
    if (at + count > this.bytes.length) this.#grow(at + count);
    this.offset = at + count;
    return at;
  }

  #grow(needed: number): void {
    if (this.#fixed) this.fail('capacity', `at most ${this.bytes.length} bytes`);
    const bigger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    bigger.set(this.bytes.subarray(0, this.offset));
    this.bytes = bigger;
  }

  u8(value: number): void {
    if (value !== (value & 0xff)) this.#range(value, '255');
    const at = this.reserve(1);
    this.bytes[at] = value;
  }

  u16be(value: number): void {
    if (value !== (value & 0xffff)) this.#range(value, '65535');
    const at = this.reserve(2);
    this.bytes[at] = value >>> 8;
    this.bytes[at + 1] = value;
  }

  u32be(value: number): void {
    if (value !== value >>> 0) this.#range(value, '4294967295');
    const at = this.reserve(4);
    const b = this.bytes;
    b[at] = value >>> 24;
    b[at + 1] = value >>> 16;
    b[at + 2] = value >>> 8;
    b[at + 3] = value;
  }

  u48be(value: number): void {
    if (!(Number.isInteger(value) && value >= 0 && value < 2 ** 48)) {
      this.#range(value, '2^48-1');
    }
    this.u16be((value / 0x1_0000_0000) | 0);
    this.u32be(value >>> 0);
  }

  /** Copies `bytes`, or those of them at `start` and before `end`, to the end. */
  raw(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    let at = this.reserve(end - start);
    const to = this.bytes;
    if (end - start > SHORT) to.set(bytes.subarray(start, end), at);
    // A loop is faster than the call for the few bytes of a usual field.
    else for (let i = start; i < end; i++) to[at++] = bytes[i]!;
  }

  /**
   * Writes `value` as UTF-8 without a length, and returns how many bytes it took. Throws
   * `utf8` for a lone surrogate.
   */
  text(value: string): number {
    const at = this.reserve(value.length);
    if (encodeAsciiInto(value, this.bytes, at)) return value.length;
    this.offset = at;
    const bytes = encodeUtf8(value);
    this.raw(bytes);
    return bytes.length;
  }

  /** What was written, as a view that the next write may change. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.offset);
  }

  /** What was written, as a copy that is the caller's. */
  copy(): Uint8Array {
    return this.bytes.slice(0, this.offset);
  }

  #range(value: number, most: string): never {
    this.fail('range', `an integer of 0..${most}, not ${value}`);
  }
}

/** Takes `writer` back to an earlier offset of its. Throws `range` for any other. */
export function rollback(writer: ByteWriter, mark: number): void {
  if (!(mark >= 0 && mark <= writer.offset)) writer.fail('range', `a mark of 0..${writer.offset}`);
  writer.offset = mark;
}
