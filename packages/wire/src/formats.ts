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
import { bool, i8, option, struct, tuple, u8 } from './combinators.ts';
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

// The same as the modules' namespaces; but those are objects that a bundler cannot leave out.

/** All of `@shoal/wire/postcard`. */
export const POSTCARD: typeof import('./postcard.ts') = {
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
export const BINCODE: typeof import('./bincode.ts') = {
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
