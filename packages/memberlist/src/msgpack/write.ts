import type { ByteWriter } from '@shoal/wire';
import { NIL } from './read.ts';

// Writes MessagePack as go-msgpack does by default: without bin, ext and str8, which old members
// cannot read.

/** An unsigned integer of 0..2^53-1, in its shortest form. */
export function writeUnsigned(writer: ByteWriter, value: number): void {
  if (value < 0x80) writer.u8(value);
  else if (value <= 0xff) writeHead(writer, 0xcc, value, 1);
  else if (value <= 0xffff) writeHead(writer, 0xcd, value, 2);
  else if (value <= 0xffff_ffff) writeHead(writer, 0xce, value, 4);
  else {
    writer.u8(0xcf);
    writer.u32be(Math.floor(value / 0x1_0000_0000));
    writer.u32be(value >>> 0);
  }
}

/**
 * A signed integer of -2^53+1..2^53-1. Above 127 it has a signed form (0xd1 and so on), as
 * go-msgpack v2 writes it; v0.5 wrote the unsigned ones. Every reader takes both.
 */
export function writeSigned(writer: ByteWriter, value: number): void {
  if (value >= -32 && value < 0x80) writer.u8(value & 0xff);
  else if (value >= -0x80 && value < 0) writeHead(writer, 0xd0, value & 0xff, 1);
  else if (value >= -0x8000 && value < 0x8000) writeHead(writer, 0xd1, value & 0xffff, 2);
  else if (value >= -0x8000_0000 && value < 0x8000_0000) writeHead(writer, 0xd2, value >>> 0, 4);
  else {
    writer.u8(0xd3);
    writer.u32be(Math.floor(value / 0x1_0000_0000) >>> 0);
    writer.u32be(value >>> 0);
  }
}

/** An unsigned integer of 0..2^64-1, in its shortest form. */
export function writeBigUnsigned(writer: ByteWriter, value: bigint): void {
  if (value <= 0xffff_ffffn) return writeUnsigned(writer, Number(value));
  writer.u8(0xcf);
  writer.u32be(Number(value >> 32n));
  writer.u32be(Number(value & 0xffff_ffffn));
}

/** A signed integer of -2^63..2^63-1, in the forms of {@link writeSigned}. */
export function writeBigSigned(writer: ByteWriter, value: bigint): void {
  if (value === BigInt.asIntN(32, value)) return writeSigned(writer, Number(value));
  const bits = BigInt.asUintN(64, value);
  writer.u8(0xd3);
  writer.u32be(Number(bits >> 32n));
  writer.u32be(Number(bits & 0xffff_ffffn));
}

/** A number of floating point, in 8 bytes. */
export function writeFloat(writer: ByteWriter, value: number): void {
  writer.u8(0xcb);
  const at = writer.reserve(8);
  new DataView(writer.bytes.buffer, writer.bytes.byteOffset + at).setFloat64(0, value);
}

/** Bytes; nil for undefined. */
export function writeBytes(writer: ByteWriter, bytes: Uint8Array | undefined): void {
  if (bytes === undefined) return writer.u8(NIL);
  writeLength(writer, bytes.length);
  writer.raw(bytes);
}

/** Text as UTF-8. Throws `utf8` for a lone surrogate. */
export function writeText(writer: ByteWriter, text: string): void {
  const start = writer.offset;
  writer.u8(0);
  const length = writer.text(text);
  if (length < 32) {
    writer.bytes[start] = 0xa0 | length;
    return;
  }
  const bytes = writer.bytes.slice(start + 1, writer.offset);
  writer.offset = start;
  writeBytes(writer, bytes);
}

/** The head of text or bytes: as go-msgpack writes both, without distinguishing them. */
function writeLength(writer: ByteWriter, length: number): void {
  if (length < 32) writer.u8(0xa0 | length);
  else if (length <= 0xffff) writeHead(writer, 0xda, length, 2);
  else writeHead(writer, 0xdb, length, 4);
}

/** The head of a map. */
export function writeMapHead(writer: ByteWriter, entries: number): void {
  if (entries < 16) writer.u8(0x80 | entries);
  else if (entries <= 0xffff) writeHead(writer, 0xde, entries, 2);
  else writeHead(writer, 0xdf, entries, 4);
}

/** The head of an array. */
export function writeArrayHead(writer: ByteWriter, items: number): void {
  if (items < 16) writer.u8(0x90 | items);
  else if (items <= 0xffff) writeHead(writer, 0xdc, items, 2);
  else writeHead(writer, 0xdd, items, 4);
}

function writeHead(writer: ByteWriter, head: number, value: number, size: 1 | 2 | 4): void {
  writer.u8(head);
  if (size === 1) writer.u8(value);
  else if (size === 2) writer.u16be(value);
  else writer.u32be(value);
}
