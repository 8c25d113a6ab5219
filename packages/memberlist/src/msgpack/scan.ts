import type { ByteReader } from '@shoal/wire';
import { hex } from './read.ts';

/**
 * Finds the end of values of any type without decoding them, however deeply they are nested, and
 * goes on where it stopped when more bytes have arrived. It needs no stack: an array or map only
 * adds to the number of values that are still to come.
 */
export class ValueScanner {
  /** How many values must follow until the end. Inexact beyond 2^53, which no input can satisfy. */
  #pending = 0;
  /** How many bytes of the current value must follow. */
  #rest = 0;

  /** Sets how many values to find. */
  expect(values: number): void {
    this.#pending = values;
    this.#rest = 0;
  }

  /**
   * Moves the reader past what belongs to the expected values. Returns whether the last of them is
   * complete; if it is not, call again with a reader at the same place when more bytes are there.
   * Throws `variant` for a byte that begins no value.
   */
  scan(reader: ByteReader): boolean {
    for (;;) {
      const skipped = Math.min(this.#rest, reader.remaining);
      reader.offset += skipped;
      this.#rest -= skipped;
      if (this.#rest > 0) return false;
      if (this.#pending === 0) return true;
      if (!this.#head(reader)) return false;
    }
  }

  /** Reads the head of one value, and returns false if it is incomplete. */
  #head(reader: ByteReader): boolean {
    if (reader.remaining === 0) return false;
    const head = reader.bytes[reader.offset]!;
    const size = headSize(head);
    if (size < 0) reader.fail('variant', `a value of msgpack, not ${hex(head)}`);
    if (reader.remaining <= size) return false;
    reader.offset++;
    const count = size === 0 ? inlineCount(head) : countAfter(reader, size);
    this.#pending--;
    if (isArray(head)) this.#pending += count;
    else if (isMap(head)) this.#pending += 2 * count;
    else this.#rest = fixedSize(head) + (hasLength(head) ? count : 0);
    return true;
  }
}

/** Moves the reader past one value of any type. Throws `truncated` or `variant`. */
export function skipValue(reader: ByteReader): void {
  const scanner = new ValueScanner();
  scanner.expect(1);
  if (!scanner.scan(reader)) {
    reader.offset = reader.end;
    reader.fail('truncated', 'the rest of a value');
  }
}

const isArray = (head: number): boolean => (head & 0xf0) === 0x90 || head === 0xdc || head === 0xdd;
const isMap = (head: number): boolean => (head & 0xf0) === 0x80 || head === 0xde || head === 0xdf;

/** Whether the count after a head, or in it, is a number of bytes: str, bin and ext. */
const hasLength = (head: number): boolean =>
  (head & 0xe0) === 0xa0 || (head >= 0xc4 && head <= 0xc9) || (head >= 0xd9 && head <= 0xdb);

/** How many bytes of a count follow a head; -1 for the byte that begins no value. */
function headSize(head: number): number {
  switch (head) {
    case 0xc1:
      return -1;
    case 0xc4:
    case 0xc7:
    case 0xd9:
      return 1;
    case 0xc5:
    case 0xc8:
    case 0xda:
    case 0xdc:
    case 0xde:
      return 2;
    case 0xc6:
    case 0xc9:
    case 0xdb:
    case 0xdd:
    case 0xdf:
      return 4;
    default:
      return 0;
  }
}

/** The count in a head of one byte. */
function inlineCount(head: number): number {
  return (head & 0xe0) === 0xa0 ? head & 0x1f : head & 0x0f;
}

function countAfter(reader: ByteReader, size: number): number {
  if (size === 1) return reader.u8();
  return size === 2 ? reader.u16be() : reader.u32be();
}

/** How many bytes follow besides those that a length counts. */
function fixedSize(head: number): number {
  if (head >= 0xc7 && head <= 0xc9) return 1;
  if (head >= 0xca && head <= 0xcb) return 4 << (head - 0xca);
  if (head >= 0xcc && head <= 0xcf) return 1 << (head - 0xcc);
  if (head >= 0xd0 && head <= 0xd3) return 1 << (head - 0xd0);
  return head >= 0xd4 && head <= 0xd8 ? 1 + (1 << (head - 0xd4)) : 0;
}
