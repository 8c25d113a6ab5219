import { WireError, type WireErrorCode } from '../errors.ts';
import { encodeAsciiInto, encodeUtf8 } from './text.ts';

/** Up to this many bytes, a loop copies faster than `Uint8Array.set`. */
const SHORT = 48;

/** Options of a {@link ByteWriter}. */
export interface ByteWriterOptions {
  /** The initial size of the buffer, in bytes. Default 256. */
  readonly capacity?: number | undefined;
  /**
   * When true, the buffer does not grow: writing more throws a `WireError` with code `capacity`.
   * Default false.
   */
  readonly fixed?: boolean | undefined;
}

/**
 * Writes numbers, text and bytes to a buffer that grows as needed, for codecs.
 *
 * Multi-byte integers are big-endian. A number out of range throws a `WireError` with code `range`
 * and writes nothing. To undo a partly written value, set {@link ByteWriter.offset} back to what it
 * was before.
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

  /** Starts over in the same buffer. Earlier views of it are then overwritten. */
  reset(): this {
    this.offset = 0;
    return this;
  }

  /** Throws a {@link WireError} with the current offset. */
  fail(code: WireErrorCode, expected: string): never {
    throw new WireError(code, this.offset, expected);
  }

  /** Makes room for `count` bytes, moves past them and returns the offset of the first. */
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

  /** Appends `bytes`, or those from `start` up to `end`. */
  raw(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    let at = this.reserve(end - start);
    const to = this.bytes;
    if (end - start > SHORT) to.set(bytes.subarray(start, end), at);
    else for (let i = start; i < end; i++) to[at++] = bytes[i]!;
  }

  /**
   * Appends `value` as UTF-8, without a length, and returns how many bytes it took. Throws `utf8` for
   * a lone surrogate.
   */
  text(value: string): number {
    const at = this.reserve(value.length);
    if (encodeAsciiInto(value, this.bytes, at)) return value.length;
    this.offset = at;
    const bytes = encodeUtf8(value);
    this.raw(bytes);
    return bytes.length;
  }

  /** A view of what was written. Later writes may change it. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.offset);
  }

  /** A copy of what was written. */
  copy(): Uint8Array {
    return this.bytes.slice(0, this.offset);
  }

  #range(value: number, most: string): never {
    this.fail('range', `an integer of 0..${most}, not ${value}`);
  }
}

/** Moves `writer` back to an earlier offset. Throws a `WireError` with code `range` for any other. */
export function rollback(writer: ByteWriter, mark: number): void {
  if (!(mark >= 0 && mark <= writer.offset)) writer.fail('range', `a mark of 0..${writer.offset}`);
  writer.offset = mark;
}
