import { WireError, type WireErrorCode } from '../errors.ts';
import { decodeUtf8 } from './text.ts';

const EMPTY = new Uint8Array(0);

/**
 * Reads numbers, text and bytes from a `Uint8Array`, never past its end.
 *
 * One reader can be pointed at one buffer after another with {@link ByteReader.reset}, which
 * saves making a reader for each packet. Every read throws a {@link WireError} with code
 * `truncated` when the input ends too early.
 */
export class ByteReader {
  /** The input. Read-only for callers that do not write codecs. */
  bytes: Uint8Array;
  /** The offset of the next byte, 0..{@link ByteReader.end}. */
  offset: number;
  /** One past the last byte that may be read. */
  end: number;

  constructor(bytes: Uint8Array = EMPTY) {
    this.bytes = bytes;
    this.offset = 0;
    this.end = bytes.length;
  }

  /** Points this reader at the start of other bytes. */
  reset(bytes: Uint8Array): this {
    this.bytes = bytes;
    this.offset = 0;
    this.end = bytes.length;
    return this;
  }

  /** How many bytes are left. */
  get remaining(): number {
    return this.end - this.offset;
  }

  /** Throws a {@link WireError} that points at `offset` (here, unless told). */
  fail(code: WireErrorCode, expected: string, offset: number = this.offset): never {
    throw new WireError(code, offset, expected);
  }

  /** Claims `count` bytes and returns the offset of the first one. */
  take(count: number): number {
    const at = this.offset;
    if (count > this.end - at) this.fail('truncated', `${count} more bytes`);
    this.offset = at + count;
    return at;
  }

  u8(): number {
    const at = this.offset;
    if (at >= this.end) this.fail('truncated', '1 more byte');
    this.offset = at + 1;
    return this.bytes[at]!;
  }

  u16be(): number {
    const at = this.take(2);
    const b = this.bytes;
    return (b[at]! << 8) | b[at + 1]!;
  }

  u32be(): number {
    const at = this.take(4);
    const b = this.bytes;
    return ((b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!) >>> 0;
  }

  u48be(): number {
    // A cut is reported at the number's start.
    this.offset = this.take(6);
    return this.u16be() * 0x1_0000_0000 + this.u32be();
  }

  /** Passes over `count` bytes. */
  skip(count: number): void {
    this.take(count);
  }

  /** The next `count` bytes as a view of the input, not a copy. */
  view(count: number): Uint8Array {
    const at = this.take(count);
    return this.bytes.subarray(at, at + count);
  }

  /** The next `count` bytes as UTF-8 text; `utf8` when they are not. */
  text(count: number): string {
    const at = this.take(count);
    return decodeUtf8(this.bytes, at, at + count);
  }

  /** Throws `trailing` unless everything has been read. */
  finish(): void {
    if (this.offset !== this.end) this.fail('trailing', `the end, ${this.remaining} bytes earlier`);
  }
}
