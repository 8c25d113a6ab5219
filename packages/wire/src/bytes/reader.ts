import { WireError, type WireErrorCode } from '../errors.ts';
import { decodeUtf8 } from './text.ts';

const EMPTY = new Uint8Array(0);

/**
 * Reads numbers, text and bytes from a `Uint8Array`, for codecs.
 *
 * Every read throws a `WireError` with code `truncated` when the input ends too early. Multi-byte
 * integers are big-endian. To save an object per packet, reuse a reader with
 * {@link ByteReader.reset}.
 */
export class ByteReader {
  /** The input. */
  bytes: Uint8Array;
  /** The offset of the next byte to read, 0..{@link ByteReader.end}. */
  offset: number;
  /** The offset after the last byte that may be read. */
  end: number;

  constructor(bytes: Uint8Array = EMPTY) {
    this.bytes = bytes;
    this.offset = 0;
    this.end = bytes.length;
  }

  /** Starts over with other bytes. */
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

  /** Throws a {@link WireError} for the byte at `offset`. Default: the next byte. */
  fail(code: WireErrorCode, expected: string, offset: number = this.offset): never {
    throw new WireError(code, offset, expected);
  }

  /** Moves past `count` bytes and returns the offset of the first. */
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
    // Checks that all 6 bytes are there, so that an error has the offset of the first.
    this.offset = this.take(6);
    return this.u16be() * 0x1_0000_0000 + this.u32be();
  }

  /** Moves past `count` bytes. */
  skip(count: number): void {
    this.take(count);
  }

  /** The next `count` bytes, as a view of the input. */
  view(count: number): Uint8Array {
    const at = this.take(count);
    return this.bytes.subarray(at, at + count);
  }

  /** The text in the next `count` bytes. Throws `utf8` unless they are valid UTF-8. */
  text(count: number): string {
    const at = this.take(count);
    return decodeUtf8(this.bytes, at, at + count);
  }

  /** Throws `trailing` unless all bytes have been read. */
  finish(): void {
    if (this.offset !== this.end)
      this.fail('trailing', `the end, not ${this.remaining} more bytes`);
  }
}
