/**
 * The postcard 1.x format: serde's data model with LEB128 varints.
 *
 * Sources: the postcard wire format specification, and golden vectors that the crate wrote.
 *
 * @module
 */
import type { Codec, SkippableCodec } from '../bytes/codec.ts';
import {
  readVarint32,
  readVarint64,
  skipVarint,
  writeVarint32,
  writeVarint64,
} from '../bytes/varint.ts';
import { bytesOf, listOf, strOf, type VariantsValue, variantsOf } from './combinators.ts';
import { type IntegerFormat, signed64Of, signedOf, unsigned64Of, unsignedOf } from './integers.ts';
import { socketAddressOf } from './socket-address.ts';
import type { Fields } from './struct.ts';

export type { SkippableCodec } from '../bytes/codec.ts';
export { bool, i8, option, type TupleValue, tuple, u8, type VariantsValue } from './combinators.ts';
export { type Fields, type StructValue, struct } from './struct.ts';

const integers: IntegerFormat = {
  write: writeVarint32,
  read: readVarint32,
  write64: writeVarint64,
  read64: readVarint64,
  skipper(bits) {
    const maxBytes = Math.ceil(bits / 7);
    return (reader) => skipVarint(reader, maxBytes);
  },
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
