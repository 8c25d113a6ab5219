import type { ByteReader, ByteWriter, Codec } from '@shoal/wire';
import {
  readArrayHead,
  readBigInteger,
  readBoolean,
  readBytes,
  readFloat,
  readInteger,
  readMapHead,
  readNil,
  readText,
} from './read.ts';
import {
  writeArrayHead,
  writeBigSigned,
  writeBigUnsigned,
  writeBytes,
  writeFloat,
  writeMapHead,
  writeSigned,
  writeText,
  writeUnsigned,
} from './write.ts';

/** A codec of the values of one Go type. */
export interface Field<T> extends Codec<T> {
  /** What a missing field means, and nil: the zero value of the Go type. */
  readonly zero: T;
}

function unsigned(max: number): Field<number> {
  return {
    zero: 0,
    encode(writer, value) {
      checkInteger(writer, value, 0, max);
      writeUnsigned(writer, value);
    },
    decode: (reader) => readInteger(reader, 0, max),
  };
}

function checkInteger(writer: ByteWriter, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  writer.fail('range', `an integer of ${min}..${max}, not ${value}`);
}

function bigInteger(
  min: bigint,
  max: bigint,
  write: (writer: ByteWriter, value: bigint) => void,
): Field<bigint> {
  return {
    zero: 0n,
    encode(writer, value) {
      if (value < min || value > max)
        writer.fail('range', `an integer of ${min}..${max}, not ${value}`);
      write(writer, value);
    },
    decode: (reader) => readBigInteger(reader, min, max),
  };
}

export const u8: Field<number> = /* @__PURE__ */ unsigned(0xff);
export const u16: Field<number> = /* @__PURE__ */ unsigned(0xffff);
export const u32: Field<number> = /* @__PURE__ */ unsigned(0xffff_ffff);
export const u64: Field<bigint> = /* @__PURE__ */ bigInteger(0n, 2n ** 64n - 1n, writeBigUnsigned);
export const i64: Field<bigint> = /* @__PURE__ */ bigInteger(
  -(2n ** 63n),
  2n ** 63n - 1n,
  writeBigSigned,
);

/** Go's `int` where it is never negative: a count, a length, a state. 0..2^53-1. */
export const count: Field<number> = {
  zero: 0,
  encode(writer, value) {
    checkInteger(writer, value, 0, Number.MAX_SAFE_INTEGER);
    writeSigned(writer, value);
  },
  decode: (reader) => readInteger(reader, 0, Number.MAX_SAFE_INTEGER),
};

export const boolean: Field<boolean> = {
  zero: false,
  encode: (writer, value) => writer.u8(value ? 0xc3 : 0xc2),
  decode: readBoolean,
};

export const float: Field<number> = { zero: 0, encode: writeFloat, decode: readFloat };

/** Text. Throws `utf8` in both directions for text that is not well-formed. */
export const text: Field<string> = { zero: '', encode: writeText, decode: readText };

/** Bytes, or undefined for nil. Decoding returns a view of the input. */
export const bytes: Field<Uint8Array | undefined> = {
  zero: undefined,
  encode: writeBytes,
  decode: readBytes,
};

/** A list, or undefined for nil. Its items take a byte each at least. */
export function list<T>(item: Codec<T>): Field<readonly T[] | undefined> {
  return {
    zero: undefined,
    encode(writer, items) {
      if (items === undefined) return bytes.encode(writer, undefined);
      writeArrayHead(writer, items.length);
      for (const each of items) item.encode(writer, each);
    },
    decode(reader) {
      const start = reader.offset;
      const length = readArrayHead(reader);
      if (length < 0) return undefined;
      checkRoom(reader, length, start);
      const items: T[] = [];
      for (let i = 0; i < length; i++) items.push(item.decode(reader));
      return items;
    },
  };
}

/** A value, or undefined for nil: a pointer in Go. */
export function nullable<T>(inner: Codec<T>): Field<T | undefined> {
  return {
    zero: undefined,
    encode(writer, value) {
      if (value === undefined) bytes.encode(writer, undefined);
      else inner.encode(writer, value);
    },
    decode: (reader) => (readNil(reader) ? undefined : inner.decode(reader)),
  };
}

/**
 * A map from text to values, or undefined for nil. Go writes the entries in random order; the map
 * keeps it, so that it encodes to the same bytes.
 */
export function mapOf<T>(value: Codec<T>): Field<ReadonlyMap<string, T> | undefined> {
  return {
    zero: undefined,
    encode(writer, map) {
      if (map === undefined) return bytes.encode(writer, undefined);
      writeMapHead(writer, map.size);
      for (const [key, each] of map) {
        writeText(writer, key);
        value.encode(writer, each);
      }
    },
    decode(reader) {
      const start = reader.offset;
      const size = readMapHead(reader);
      if (size < 0) return undefined;
      checkRoom(reader, 2 * size, start);
      const map = new Map<string, T>();
      for (let i = 0; i < size; i++) {
        const key = readText(reader);
        map.set(key, value.decode(reader));
      }
      return map;
    },
  };
}

/** Throws `length` if the input cannot hold that many values of a byte each. */
function checkRoom(reader: ByteReader, values: number, start: number): void {
  if (values <= reader.remaining) return;
  reader.fail('length', `at most ${reader.remaining} values, not ${values}`, start);
}
