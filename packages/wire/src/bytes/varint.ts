import type { ByteReader } from './reader.ts';
import type { ByteWriter } from './writer.ts';

// LEB128: seven bits per byte, lowest first. The high bit is set in every byte but the last.

/** Writes an integer of 0..2^32-1. The caller has checked the range. */
export function writeVarint32(writer: ByteWriter, value: number): void {
  let rest = value;
  while (rest > 0x7f) {
    writer.u8((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  writer.u8(rest);
}

/** Reads an integer of 0..`max`, where `max` is at most 2^32-1. */
export function readVarint32(reader: ByteReader, max: number): number {
  const start = reader.offset;
  let value = 0;
  for (let scale = 1; ; scale *= 0x80) {
    const byte = reader.u8();
    value += (byte & 0x7f) * scale;
    if (value > max) reader.fail('range', `a varint of at most ${max}`, start);
    if (byte < 0x80) {
      if (byte === 0 && scale > 1) {
        reader.fail('overlong', 'a varint in its shortest form', start);
      }
      return value;
    }
    // Five bytes hold 32 bits. Without this check a run of 0x80 bytes would never end.
    if (scale >= 0x1000_0000) reader.fail('overlong', 'a varint of at most 5 bytes', start);
  }
}

/** Writes an integer of 0..2^64-1. The caller has checked the range. */
export function writeVarint64(writer: ByteWriter, value: bigint): void {
  if (value <= 0xffff_ffffn) {
    writeVarint32(writer, Number(value));
    return;
  }
  let rest = value;
  while (rest > 0x7fn) {
    writer.u8(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  writer.u8(Number(rest));
}

/** Reads an integer of 0..2^64-1. */
export function readVarint64(reader: ByteReader): bigint {
  const start = reader.offset;
  // The first seven bytes hold 49 bits, which fit a number exactly.
  let low = 0;
  let scale = 1;
  for (let i = 0; i < 7; i++) {
    const byte = reader.u8();
    low += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      if (byte === 0 && i > 0) reader.fail('overlong', 'a varint in its shortest form', start);
      return BigInt(low);
    }
    scale *= 0x80;
  }
  let high = 0;
  scale = 1;
  for (let i = 7; i < 10; i++) {
    const byte = reader.u8();
    high += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      if (byte === 0) reader.fail('overlong', 'a varint in its shortest form', start);
      if (high > 0x7fff) reader.fail('range', 'a varint of at most 2^64-1', start);
      return BigInt(low) | (BigInt(high) << 49n);
    }
    scale *= 0x80;
  }
  return reader.fail('overlong', 'a varint of at most 10 bytes', start);
}

/** Skips a varint of at most `maxBytes` bytes. Its value is not checked. */
export function skipVarint(reader: ByteReader, maxBytes: number): void {
  for (let i = 0; i < maxBytes; i++) if (reader.u8() < 0x80) return;
  reader.fail('overlong', `a varint of at most ${maxBytes} bytes`);
}
