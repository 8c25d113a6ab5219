import type { ByteReader } from '@shoal/wire';

// Reads the part of MessagePack that go-msgpack writes, and what its decoder takes in its place: any
// integer form for an integer, str or bin for text and bytes alike, and nil for anything. Unlike that
// decoder, it does not take a list of numbers for bytes, which no encoder of Go writes.

/** The byte of nil. */
export const NIL = 0xc0;

/** Whether the next value is nil. Moves past it if so. */
export function readNil(reader: ByteReader): boolean {
  if (reader.offset >= reader.end || reader.bytes[reader.offset] !== NIL) return false;
  reader.offset++;
  return true;
}

/**
 * An integer of `min`..`max`; nil is 0. Both limits must be safe integers. Throws `range` for any
 * other integer, and `variant` for another type.
 */
export function readInteger(reader: ByteReader, min: number, max: number): number {
  const start = reader.offset;
  const value = integerAfter(reader, reader.u8(), start);
  if (value >= min && value <= max) return value;
  return reader.fail('range', `an integer of ${min}..${max}, not ${value}`, start);
}

/** The integer with this first byte. Beyond 2^53 it is only near the one that was written. */
function integerAfter(reader: ByteReader, head: number, start: number): number {
  if (head < 0x80) return head;
  if (head >= 0xe0) return head - 0x100;
  switch (head) {
    case NIL:
      return 0;
    case 0xcc:
      return reader.u8();
    case 0xcd:
      return reader.u16be();
    case 0xce:
      return reader.u32be();
    case 0xcf:
      return unsigned64(reader);
    case 0xd0:
      return (reader.u8() << 24) >> 24;
    case 0xd1:
      return (reader.u16be() << 16) >> 16;
    case 0xd2:
      return reader.u32be() | 0;
    case 0xd3:
      return signed64(reader);
    default:
      return reader.fail('variant', `an integer, not a value that begins with ${hex(head)}`, start);
  }
}

function unsigned64(reader: ByteReader): number {
  reader.offset = reader.take(8);
  return reader.u32be() * 0x1_0000_0000 + reader.u32be();
}

function signed64(reader: ByteReader): number {
  reader.offset = reader.take(8);
  return (reader.u32be() | 0) * 0x1_0000_0000 + reader.u32be();
}

/**
 * An integer of `min`..`max` that may exceed 2^53; nil is 0. Throws `range` for any other integer,
 * and `variant` for another type.
 */
export function readBigInteger(reader: ByteReader, min: bigint, max: bigint): bigint {
  const start = reader.offset;
  const head = reader.u8();
  let value: bigint;
  if (head === 0xcf || head === 0xd3) {
    reader.offset = reader.take(8);
    const high = BigInt(reader.u32be());
    value = (high << 32n) | BigInt(reader.u32be());
    if (head === 0xd3) value = BigInt.asIntN(64, value);
  } else value = BigInt(integerAfter(reader, head, start));
  if (value >= min && value <= max) return value;
  return reader.fail('range', `an integer of ${min}..${max}, not ${value}`, start);
}

/** True or false; nil is false. Throws `variant` for another type. */
export function readBoolean(reader: ByteReader): boolean {
  const start = reader.offset;
  const head = reader.u8();
  if (head === 0xc3) return true;
  if (head === 0xc2 || head === NIL) return false;
  return reader.fail('variant', `true or false, not ${hex(head)}`, start);
}

/** A number of floating point, or an integer; nil is 0. Throws `variant` for another type. */
export function readFloat(reader: ByteReader): number {
  const start = reader.offset;
  const head = reader.u8();
  if (head !== 0xca && head !== 0xcb) return integerAfter(reader, head, start);
  const at = reader.take(head === 0xca ? 4 : 8);
  const view = new DataView(reader.bytes.buffer, reader.bytes.byteOffset + at);
  return head === 0xca ? view.getFloat32(0) : view.getFloat64(0);
}

/**
 * The length of text or bytes, after which they follow; -1 for nil. Throws `variant` for another
 * type.
 */
function readLength(reader: ByteReader): number {
  const start = reader.offset;
  const head = reader.u8();
  if (head >= 0xa0 && head <= 0xbf) return head & 0x1f;
  switch (head) {
    case NIL:
      return -1;
    case 0xc4:
    case 0xd9:
      return reader.u8();
    case 0xc5:
    case 0xda:
      return reader.u16be();
    case 0xc6:
    case 0xdb:
      return reader.u32be();
    default:
      return reader.fail('variant', `text or bytes, not a value of ${hex(head)}`, start);
  }
}

/** Bytes, as a view of the input; undefined for nil. Throws `variant` for another type. */
export function readBytes(reader: ByteReader): Uint8Array | undefined {
  const length = readLength(reader);
  return length < 0 ? undefined : reader.view(length);
}

/** Text; nil is the empty text. Throws `utf8` unless it is valid, and `variant` for another type. */
export function readText(reader: ByteReader): string {
  const length = readLength(reader);
  return length < 0 ? '' : reader.text(length);
}

/** The number of entries of a map, which follow; -1 for nil. Throws `variant` for another type. */
export function readMapHead(reader: ByteReader): number {
  const start = reader.offset;
  const head = reader.u8();
  if (head >= 0x80 && head <= 0x8f) return head & 0x0f;
  if (head === 0xde) return reader.u16be();
  if (head === 0xdf) return reader.u32be();
  if (head === NIL) return -1;
  return reader.fail('variant', `a map, not a value that begins with ${hex(head)}`, start);
}

/** The number of items of an array, which follow; -1 for nil. Throws `variant` for another type. */
export function readArrayHead(reader: ByteReader): number {
  const start = reader.offset;
  const head = reader.u8();
  if (head >= 0x90 && head <= 0x9f) return head & 0x0f;
  if (head === 0xdc) return reader.u16be();
  if (head === 0xdd) return reader.u32be();
  if (head === NIL) return -1;
  return reader.fail('variant', `an array, not a value that begins with ${hex(head)}`, start);
}

/** A byte as people write it. */
export function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}
