import type { Codec, SkippableCodec } from '../bytes/codec.ts';
import {
  bytes as bincodeBytes,
  i16 as bincodeI16,
  i32 as bincodeI32,
  i64 as bincodeI64,
  list as bincodeList,
  socketAddress as bincodeSocketAddress,
  str as bincodeStr,
  u16 as bincodeU16,
  u32 as bincodeU32,
  u64 as bincodeU64,
  variants as bincodeVariants,
} from './bincode.ts';
import { bool, i8, option, type TupleValue, tuple, u8, type VariantsValue } from './combinators.ts';
import {
  bytes as postcardBytes,
  i16 as postcardI16,
  i32 as postcardI32,
  i64 as postcardI64,
  list as postcardList,
  socketAddress as postcardSocketAddress,
  str as postcardStr,
  u16 as postcardU16,
  u32 as postcardU32,
  u64 as postcardU64,
  variants as postcardVariants,
} from './postcard.ts';
import { type Fields, type StructValue, struct } from './struct.ts';

/**
 * The codecs of serde's data model. Both `@shoal/wire/postcard` and `@shoal/wire/bincode` export
 * them, so the namespace of either module is a `SerdeFormat`.
 */
export interface SerdeFormat {
  readonly bool: SkippableCodec<boolean>;
  readonly u8: SkippableCodec<number>;
  readonly u16: SkippableCodec<number>;
  readonly u32: SkippableCodec<number>;
  readonly u64: SkippableCodec<bigint>;
  readonly i8: SkippableCodec<number>;
  readonly i16: SkippableCodec<number>;
  readonly i32: SkippableCodec<number>;
  readonly i64: SkippableCodec<bigint>;
  readonly str: SkippableCodec<string>;
  readonly bytes: SkippableCodec<Uint8Array>;
  readonly socketAddress: SkippableCodec<string>;
  readonly option: <T>(item: Codec<T>) => SkippableCodec<T | undefined>;
  readonly list: <T>(item: Codec<T>) => SkippableCodec<T[]>;
  // biome-ignore lint/suspicious/noExplicitAny: a codec is invariant in the type of its value.
  readonly tuple: <const C extends readonly Codec<any>[]>(
    ...items: C
  ) => SkippableCodec<TupleValue<C>>;
  readonly struct: <F extends Fields>(fields: F) => SkippableCodec<StructValue<F>>;
  readonly variants: <V extends Readonly<Record<string, Fields>>>(
    cases: V,
  ) => SkippableCodec<VariantsValue<V>>;
}

// Objects, not namespaces of the modules: a bundler cannot drop the parts of a namespace that is used
// as a value.

/** All of `@shoal/wire/postcard`. */
export const POSTCARD: SerdeFormat = {
  bool,
  bytes: postcardBytes,
  i16: postcardI16,
  i32: postcardI32,
  i64: postcardI64,
  i8,
  list: postcardList,
  option,
  socketAddress: postcardSocketAddress,
  str: postcardStr,
  struct,
  tuple,
  u16: postcardU16,
  u32: postcardU32,
  u64: postcardU64,
  u8,
  variants: postcardVariants,
};

/** All of `@shoal/wire/bincode`. */
export const BINCODE: SerdeFormat = {
  bool,
  bytes: bincodeBytes,
  i16: bincodeI16,
  i32: bincodeI32,
  i64: bincodeI64,
  i8,
  list: bincodeList,
  option,
  socketAddress: bincodeSocketAddress,
  str: bincodeStr,
  struct,
  tuple,
  u16: bincodeU16,
  u32: bincodeU32,
  u64: bincodeU64,
  u8,
  variants: bincodeVariants,
};
