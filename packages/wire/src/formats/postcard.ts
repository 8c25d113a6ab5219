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
import { socketAddressOf } from './socket-address.ts';
import type { Fields } from './struct.ts';

export type { SkippableCodec } from '../bytes/codec.ts';
export { bool, i8, option, type TupleValue, tuple, u8, type VariantsValue } from './combinators.ts';
export { type Fields, type StructValue, struct } from './struct.ts';

function unsigned(max: number, maxBytes: number): SkippableCodec<number> {
  return {
    encode(writer, value) {
      if (!(Number.isInteger(value) && value >= 0 && value <= max)) {
        writer.fail('range', `an integer of 0..${max}, not ${value}`);
      }
      writeVarint32(writer, value);
    },
    decode: (reader) => readVarint32(reader, max),
    skip: (reader) => skipVarint(reader, maxBytes),
  };
}

/** A signed integer, mapped to an unsigned one: 0, -1, 1, -2 become 0, 1, 2, 3. */
function signed(bits: number, maxBytes: number): SkippableCodec<number> {
  const limit = 2 ** (bits - 1);
  return {
    encode(writer, value) {
      if (!(Number.isInteger(value) && value >= -limit && value < limit)) {
        writer.fail('range', `an integer of ${-limit}..${limit - 1}, not ${value}`);
      }
      writeVarint32(writer, value < 0 ? -2 * value - 1 : 2 * value);
    },
    decode(reader) {
      const mapped = readVarint32(reader, 2 * limit - 1);
      return mapped % 2 === 0 ? mapped / 2 : -(mapped + 1) / 2;
    },
    skip: (reader) => skipVarint(reader, maxBytes),
  };
}

export const u16: SkippableCodec<number> = /* @__PURE__ */ unsigned(0xffff, 3);
export const u32: SkippableCodec<number> = /* @__PURE__ */ unsigned(0xffff_ffff, 5);
export const i16: SkippableCodec<number> = /* @__PURE__ */ signed(16, 3);
export const i32: SkippableCodec<number> = /* @__PURE__ */ signed(32, 5);

export const u64: SkippableCodec<bigint> = {
  encode(writer, value) {
    if (BigInt.asUintN(64, value) !== value) writer.fail('range', `0..2^64-1, not ${value}`);
    writeVarint64(writer, value);
  },
  decode: readVarint64,
  skip: (reader) => skipVarint(reader, 10),
};

export const i64: SkippableCodec<bigint> = {
  encode(writer, value) {
    if (BigInt.asIntN(64, value) !== value) writer.fail('range', `-2^63..2^63-1, not ${value}`);
    writeVarint64(writer, value < 0n ? -2n * value - 1n : 2n * value);
  },
  decode(reader) {
    const mapped = readVarint64(reader);
    return (mapped & 1n) === 0n ? mapped >> 1n : -((mapped + 1n) >> 1n);
  },
  skip: (reader) => skipVarint(reader, 10),
};

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
