import type { ByteReader } from './reader.ts';
import type { ByteWriter } from './writer.ts';

// Functions, so that a bundle has only those it needs: SWIM packets are big-endian.

/** Reads a u16, the low byte first. Throws `truncated`, as every read of a {@link ByteReader}. */
export function readU16le(reader: ByteReader): number {
  const at = reader.take(2);
  const b = reader.bytes;
  return b[at]! | (b[at + 1]! << 8);
}

/** Reads a u32, the low byte first. Throws `truncated`. */
export function readU32le(reader: ByteReader): number {
  return u32At(reader.bytes, reader.take(4));
}

/** Reads a u64, the low byte first. Throws `truncated`. */
export function readU64le(reader: ByteReader): bigint {
  const at = reader.take(8);
  const low = u32At(reader.bytes, at);
  const high = u32At(reader.bytes, at + 4);
  return high === 0 ? BigInt(low) : (BigInt(high) << 32n) | BigInt(low);
}

/** Reads an i64, the low byte first. Throws `truncated`. */
export function readI64le(reader: ByteReader): bigint {
  return BigInt.asIntN(64, readU64le(reader));
}

/** Writes a u16, the low byte first. Throws `range` unless `value` is one. */
export function writeU16le(writer: ByteWriter, value: number): void {
  if (value !== (value & 0xffff)) outOfRange(writer, '0..65535', value);
  const at = writer.reserve(2);
  writer.bytes[at] = value;
  writer.bytes[at + 1] = value >>> 8;
}

/** Writes a u32, the low byte first. Throws `range` unless `value` is one. */
export function writeU32le(writer: ByteWriter, value: number): void {
  if (value !== value >>> 0) outOfRange(writer, '0..4294967295', value);
  const at = writer.reserve(4);
  const b = writer.bytes;
  b[at] = value;
  b[at + 1] = value >>> 8;
  b[at + 2] = value >>> 16;
  b[at + 3] = value >>> 24;
}

/** Writes a u64, the low byte first. Throws `range` unless `value` is one. */
export function writeU64le(writer: ByteWriter, value: bigint): void {
  if (BigInt.asUintN(64, value) !== value) outOfRange(writer, '0..2^64-1', value);
  writeU32le(writer, Number(value & 0xffff_ffffn));
  writeU32le(writer, Number(value >> 32n));
}

/** Writes an i64, the low byte first. Throws `range` unless `value` is one. */
export function writeI64le(writer: ByteWriter, value: bigint): void {
  if (BigInt.asIntN(64, value) !== value) outOfRange(writer, '-2^63..2^63-1', value);
  writeU64le(writer, BigInt.asUintN(64, value));
}

function u32At(b: Uint8Array, at: number): number {
  return (b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24)) >>> 0;
}

function outOfRange(writer: ByteWriter, range: string, value: number | bigint): never {
  writer.fail('range', `an integer of ${range}, not ${value}`);
}
