/**
 * The bincode 2 format with `config::standard()`: serde's data model, little-endian. Integers below
 * 251 take one byte. Larger ones follow a tag: 251 for a u16, 252 for a u32, 253 for a u64.
 *
 * Sources: the bincode specification, and golden vectors that the crate wrote.
 *
 * @module
 */
import type { Codec, SkippableCodec } from '../bytes/codec.ts';
import {
  readU16le,
  readU32le,
  readU64le,
  writeU16le,
  writeU32le,
  writeU64le,
} from '../bytes/little-endian.ts';
import type { ByteReader } from '../bytes/reader.ts';
import type { ByteWriter } from '../bytes/writer.ts';
import { bytesOf, listOf, strOf, type VariantsValue, variantsOf } from './combinators.ts';
import { type IntegerFormat, signed64Of, signedOf, unsigned64Of, unsignedOf } from './integers.ts';
import { socketAddressOf } from './socket-address.ts';
import type { Fields } from './struct.ts';

export type { SkippableCodec } from '../bytes/codec.ts';
export { bool, i8, option, type TupleValue, tuple, u8, type VariantsValue } from './combinators.ts';
export { type Fields, type StructValue, struct } from './struct.ts';

const TAG_U16 = 251;
const TAG_U32 = 252;
const TAG_U64 = 253;

function writeNumber(writer: ByteWriter, value: number): void {
  if (value < TAG_U16) writer.u8(value);
  else if (value <= 0xffff) {
    writer.u8(TAG_U16);
    writeU16le(writer, value);
  } else {
    writer.u8(TAG_U32);
    writeU32le(writer, value);
  }
}

function readNumber(reader: ByteReader, max: number): number {
  const start = reader.offset;
  const tag = reader.u8();
  if (tag < TAG_U16)
    return tag <= max ? tag : reader.fail('range', `an integer of at most ${max}`, start);
  if (tag > TAG_U32 || (tag === TAG_U32 && max <= 0xffff)) {
    reader.fail('range', `an integer of at most ${max}`, start);
  }
  const value = tag === TAG_U16 ? readU16le(reader) : readU32le(reader);
  if (value < (tag === TAG_U16 ? TAG_U16 : 0x10000)) {
    reader.fail('overlong', 'an integer in its shortest form', start);
  }
  return value;
}

function writeBig(writer: ByteWriter, value: bigint): void {
  if (value <= 0xffff_ffffn) writeNumber(writer, Number(value));
  else {
    writer.u8(TAG_U64);
    writeU64le(writer, value);
  }
}

function readBig(reader: ByteReader): bigint {
  if (reader.remaining > 0 && reader.bytes[reader.offset] === TAG_U64) {
    const start = reader.offset++;
    const value = readU64le(reader);
    if (value <= 0xffff_ffffn) reader.fail('overlong', 'an integer in its shortest form', start);
    return value;
  }
  return BigInt(readNumber(reader, 0xffff_ffff));
}

function skipNumber(reader: ByteReader): void {
  const tag = reader.u8();
  if (tag < TAG_U16) return;
  if (tag > TAG_U64) reader.fail('range', 'an integer of at most 64 bits', reader.offset - 1);
  reader.skip(2 << (tag - TAG_U16));
}

const integers: IntegerFormat = {
  write: writeNumber,
  read: readNumber,
  write64: writeBig,
  read64: readBig,
  skipper: () => skipNumber,
};

export const u16: SkippableCodec<number> = /* @__PURE__ */ unsignedOf(integers, 16);
export const u32: SkippableCodec<number> = /* @__PURE__ */ unsignedOf(integers, 32);
export const u64: SkippableCodec<bigint> = /* @__PURE__ */ unsigned64Of(integers);
export const i16: SkippableCodec<number> = /* @__PURE__ */ signedOf(integers, 16);
export const i32: SkippableCodec<number> = /* @__PURE__ */ signedOf(integers, 32);
export const i64: SkippableCodec<bigint> = /* @__PURE__ */ signed64Of(integers);

/** Text: its length in bytes, then UTF-8. */
export const str: SkippableCodec<string> = /* @__PURE__ */ strOf(u32);
/** `Vec<u8>` or `&[u8]`: a count, then the bytes. Decoding copies them. */
export const bytes: SkippableCodec<Uint8Array> = /* @__PURE__ */ bytesOf(u32);
/** Rust's `SocketAddr`, as the text `"127.0.0.1:7946"` or `"[::1]:7946"`. */
export const socketAddress: SkippableCodec<string> = /* @__PURE__ */ socketAddressOf(u32, u16);

/** `Vec<T>`: a count, then the items. */
export function list<T>(item: Codec<T>): SkippableCodec<T[]> {
  return listOf(u32, item);
}

/**
 * An enum. Its variants are numbered in the order of the properties of `cases`; a newtype variant has
 * one field, a unit variant has none. Throws a `WireError` with code `variant` for a name that is an
 * integer.
 *
 * ```ts
 * // 0: { type: 'unit' }; 1: { type: 'point', x, y }
 * const shape = variants({ unit: {}, point: { x: u8, y: u8 } });
 * ```
 */
export function variants<V extends Readonly<Record<string, Fields>>>(
  cases: V,
): SkippableCodec<VariantsValue<V>> {
  return variantsOf(u32, cases);
}
