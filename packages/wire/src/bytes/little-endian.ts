import type { ByteReader } from './reader.ts';
import type { ByteWriter } from './writer.ts';

// Functions, not methods of ByteReader and ByteWriter: a bundle that only has SWIM packets, which are
// big-endian, need not contain them.

/** Converts u64 and i64, several times faster than bigint arithmetic. */
const view: DataView = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8));

/** The u16 at offset `at`. The caller has checked that its 2 bytes are there. */
export function u16At(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

/** The u32 at offset `at`. The caller has checked that its 4 bytes are there. */
export function u32At(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  );
}

/** The u64 at offset `at`. The caller has checked that its 8 bytes are there. */
export function u64At(bytes: Uint8Array, at: number): bigint {
  load(bytes, at);
  return view.getBigUint64(0, true);
}

/** Stores the lower 16 bits of `value` at offset `at`. */
export function putU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
}

/** Stores the lower 32 bits of `value` at offset `at`. */
export function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** Stores `value` at offset `at`, and returns false, with nothing stored, unless it is a u64. */
export function putU64(bytes: Uint8Array, at: number, value: bigint): boolean {
  view.setBigUint64(0, value, true);
  if (view.getBigUint64(0, true) !== value) return false;
  store(bytes, at);
  return true;
}

/** Reads a u16. Like every read of a {@link ByteReader}, throws `truncated` at the end. */
export function readU16le(reader: ByteReader): number {
  return u16At(reader.bytes, reader.take(2));
}

/** Reads a u32. Throws `truncated`. */
export function readU32le(reader: ByteReader): number {
  return u32At(reader.bytes, reader.take(4));
}

/** Reads a u48. Throws `truncated`. */
export function readU48le(reader: ByteReader): number {
  const low = readU32le(reader);
  return readU16le(reader) * 2 ** 32 + low;
}

/** Reads a u64. Throws `truncated`. */
export function readU64le(reader: ByteReader): bigint {
  return u64At(reader.bytes, reader.take(8));
}

/** Reads an i64. Throws `truncated`. */
export function readI64le(reader: ByteReader): bigint {
  load(reader.bytes, reader.take(8));
  return view.getBigInt64(0, true);
}

/** Writes a u16. Throws `range` for any other value, and writes nothing. */
export function writeU16le(writer: ByteWriter, value: number): void {
  if (value !== (value & 0xffff)) outOfRange(writer, '0..65535', value);
  const at = writer.reserve(2);
  putU16(writer.bytes, at, value);
}

/** Writes a u32. Throws `range` for any other value, and writes nothing. */
export function writeU32le(writer: ByteWriter, value: number): void {
  if (value !== value >>> 0) outOfRange(writer, '0..4294967295', value);
  const at = writer.reserve(4);
  putU32(writer.bytes, at, value);
}

/** Writes a u48. Throws `range` for any other value, and writes nothing. */
export function writeU48le(writer: ByteWriter, value: number): void {
  if (!(Number.isInteger(value) && value >= 0 && value < 2 ** 48)) {
    outOfRange(writer, '0..2^48-1', value);
  }
  writeU32le(writer, value >>> 0);
  writeU16le(writer, Math.floor(value / 2 ** 32));
}

/** Writes a u64. Throws `range` for any other value, and writes nothing. */
export function writeU64le(writer: ByteWriter, value: bigint): void {
  view.setBigUint64(0, value, true);
  if (view.getBigUint64(0, true) !== value) outOfRange(writer, '0..2^64-1', value);
  const at = writer.reserve(8);
  store(writer.bytes, at);
}

/** Writes an i64. Throws `range` for any other value, and writes nothing. */
export function writeI64le(writer: ByteWriter, value: bigint): void {
  view.setBigInt64(0, value, true);
  if (view.getBigInt64(0, true) !== value) outOfRange(writer, '-2^63..2^63-1', value);
  const at = writer.reserve(8);
  store(writer.bytes, at);
}

/** Copies 8 bytes into the view. */
function load(bytes: Uint8Array, at: number): void {
  view.setUint32(0, u32At(bytes, at), true);
  view.setUint32(4, u32At(bytes, at + 4), true);
}

/** Copies the 8 bytes of the view to `bytes`. */
function store(bytes: Uint8Array, at: number): void {
  putU32(bytes, at, view.getUint32(0, true));
  putU32(bytes, at + 4, view.getUint32(4, true));
}

function outOfRange(writer: ByteWriter, range: string, value: number | bigint): never {
  writer.fail('range', `an integer of ${range}, not ${value}`);
}
