import type { Codec } from './codec.ts';
import {
  readI64le,
  readU16le,
  readU32le,
  readU64le,
  writeI64le,
  writeU16le,
  writeU32le,
  writeU64le,
} from './little-endian.ts';

// The fields of the messages on streams. All integers are little-endian.

export const u8: Codec<number> = {
  encode: (writer, value) => writer.u8(value),
  decode: (reader) => reader.u8(),
};

export const u16: Codec<number> = { encode: writeU16le, decode: readU16le };
export const u32: Codec<number> = { encode: writeU32le, decode: readU32le };
export const u64: Codec<bigint> = { encode: writeU64le, decode: readU64le };
export const i64: Codec<bigint> = { encode: writeI64le, decode: readI64le };

/** A u32 that is not a quantity: a magic, or the tag of a cluster's label. */
export const tag: Codec<number> = { encode: writeU32le, decode: readU32le };

/** A u32 of at least 1. */
export const count: Codec<number> = {
  encode(writer, value) {
    if (value === 0) writer.fail('range', 'a count of at least 1');
    writeU32le(writer, value);
  },
  decode(reader) {
    const value = readU32le(reader);
    return value > 0 ? value : reader.fail('range', 'a count of at least 1', reader.offset - 4);
  },
};

/** A u64 that fits into a `number`, at most 2^53-1: a size, an offset, a time. */
export const u53: Codec<number> = {
  encode(writer, value) {
    if (!Number.isSafeInteger(value) || value < 0) {
      writer.fail('range', `an integer of 0..2^53-1, not ${value}`);
    }
    writeU32le(writer, value >>> 0);
    writeU32le(writer, Math.floor(value / 0x1_0000_0000));
  },
  decode(reader) {
    const low = readU32le(reader);
    const value = low + readU32le(reader) * 0x1_0000_0000;
    if (value <= Number.MAX_SAFE_INTEGER) return value;
    return reader.fail('range', 'an integer of 0..2^53-1', reader.offset - 8);
  },
};

/** Text: its length in bytes as a u8, then that much UTF-8. */
export const text8: Codec<string> = {
  encode(writer, text) {
    const at = writer.reserve(1);
    const length = writer.text(text);
    if (length > 255) writer.fail('length', `text of at most 255 bytes, not ${length}`);
    writer.bytes[at] = length;
  },
  decode: (reader) => reader.text(reader.u8()),
};

/** All bytes to the end of the message. Decoding returns a view of the input. */
export const rest: Codec<Uint8Array> = {
  encode: (writer, bytes) => writer.raw(bytes),
  decode: (reader) => reader.view(reader.remaining),
};
