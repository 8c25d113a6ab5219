/**
 * The postcard 1.x format: serde's data model with LEB128 varints.
 * Source: the postcard wire format specification, and golden vectors of the crate.
 *
 * @module
 */
import type { Codec } from '../bytes/codec.ts';
import {
  readVarint32,
  readVarint64,
  skipVarint,
  writeVarint32,
  writeVarint64,
} from '../bytes/varint.ts';
import {
  bytesOf,
  type Fields,
  listOf,
  type SkippableCodec,
  strOf,
  type VariantsValue,
  variantsOf,
} from './combinators.ts';
import { socketAddressOf } from './socket-address.ts';

export type {
  Fields,
  SkippableCodec,
  StructValue,
  TupleValue,
  VariantsValue,
} from './combinators.ts';
export { bool, i8, option, struct, tuple, u8 } from './combinators.ts';

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

/** A signed integer, folded into an unsigned one: 0, -1, 1, -2 become 0, 1, 2, 3. */
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
      const folded = readVarint32(reader, 2 * limit - 1);
      return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
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
    const folded = readVarint64(reader);
    return (folded & 1n) === 0n ? folded >> 1n : -((folded + 1n) >> 1n);
  },
  skip: (reader) => skipVarint(reader, 10),
};

/** UTF-8 text behind its length in bytes. */
export const str: SkippableCodec<string> = /* @__PURE__ */ strOf(u32);
/** Bytes behind their number (`Vec<u8>`, `&[u8]`). Decoding copies them. */
export const bytes: SkippableCodec<Uint8Array> = /* @__PURE__ */ bytesOf(u32);
/** Rust's `SocketAddr`, as `"127.0.0.1:7946"` or `"[::1]:7946"`. */
export const socketAddress: SkippableCodec<string> = /* @__PURE__ */ socketAddressOf(u32, u16);

/** Items behind their number (`Vec<T>`). */
export function list<T>(item: Codec<T>): SkippableCodec<T[]> {
  return listOf(u32, item);
}

/** An enum; see the combinator of the same name in bincode. */
export function variants<V extends Readonly<Record<string, Fields>>>(
  cases: V,
): SkippableCodec<VariantsValue<V>> {
  return variantsOf(u32, cases);
}
