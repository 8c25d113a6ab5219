import type { Codec, CodecValue } from '../bytes/codec.ts';
import type { ByteReader } from '../bytes/reader.ts';
import { encodeUtf8 } from '../bytes/text.ts';
import type { ByteWriter } from '../bytes/writer.ts';
import { WireError } from '../errors.ts';

// What postcard and bincode have in common: serde's data model. They differ only in how an
// integer is written, so everything here is built on the integer codecs it is handed.

/** A codec that can also be passed over: all that this file makes are. */
export interface SkippableCodec<T> extends Codec<T> {
  skip(reader: ByteReader): void;
}

/** Named codecs, in the order in which their values are written. */
// biome-ignore lint/suspicious/noExplicitAny: a codec is invariant in its value's type.
export type Fields = Readonly<Record<string, Codec<any>>>;

/** The value of a struct with these fields. */
export type StructValue<F extends Fields> = { -readonly [K in keyof F]: CodecValue<F[K]> };

/** The value of a tuple of these codecs. */
// biome-ignore lint/suspicious/noExplicitAny: as for Fields.
export type TupleValue<C extends readonly Codec<any>[]> = {
  -readonly [K in keyof C]: CodecValue<C[K]>;
};

/** The value of an enum with these variants: a union told apart by `type`. */
export type VariantsValue<V extends Readonly<Record<string, Fields>>> = {
  [K in keyof V]: { type: K } & StructValue<V[K]>;
}[keyof V];

export const u8: SkippableCodec<number> = {
  encode: (writer, value) => writer.u8(value),
  decode: (reader) => reader.u8(),
  skip: (reader) => void reader.u8(),
};

export const i8: SkippableCodec<number> = {
  encode(writer, value) {
    if ((value << 24) >> 24 !== value)
      writer.fail('range', `an integer of -128..127, not ${value}`);
    writer.u8(value & 0xff);
  },
  decode: (reader) => (reader.u8() << 24) >> 24,
  skip: (reader) => void reader.u8(),
};

export const bool: SkippableCodec<boolean> = {
  encode: (writer, value) => writer.u8(value ? 1 : 0),
  decode(reader) {
    const byte = reader.u8();
    return byte > 1 ? reader.fail('variant', '0 or 1', reader.offset - 1) : byte === 1;
  },
  skip: (reader) => void reader.u8(),
};

/** Reads a length and makes sure that so many bytes are there, before anything is made. */
function readLength(length: Codec<number>, reader: ByteReader): number {
  const at = reader.offset;
  const count = length.decode(reader);
  if (count > reader.remaining) {
    reader.fail('length', `a length of at most the ${reader.remaining} bytes left`, at);
  }
  return count;
}

function skipBytes(length: Codec<number>, reader: ByteReader): void {
  reader.skip(readLength(length, reader));
}

export function strOf(length: Codec<number>): SkippableCodec<string> {
  return {
    encode(writer, value) {
      const bytes = encodeUtf8(value);
      length.encode(writer, bytes.length);
      writer.raw(bytes);
    },
    decode: (reader) => reader.text(readLength(length, reader)),
    skip: (reader) => skipBytes(length, reader),
  };
}

export function bytesOf(length: Codec<number>): SkippableCodec<Uint8Array> {
  return {
    encode(writer, value) {
      length.encode(writer, value.length);
      writer.raw(value);
    },
    // A copy: the input is usually a packet whose memory is used again.
    decode: (reader) => reader.view(readLength(length, reader)).slice(),
    skip: (reader) => skipBytes(length, reader),
  };
}

function skipWith(codec: Codec<unknown>, reader: ByteReader): void {
  if (codec.skip) codec.skip(reader);
  else codec.decode(reader);
}

export function listOf<T>(length: Codec<number>, item: Codec<T>): SkippableCodec<T[]> {
  return {
    encode(writer, value) {
      length.encode(writer, value.length);
      for (const each of value) item.encode(writer, each);
    },
    decode(reader) {
      // Every item of a sane schema takes a byte at least, so a count that exceeds the bytes
      // left is a lie. An item of no bytes (an empty struct) is bounded by the same rule.
      let count = readLength(length, reader);
      const items: T[] = [];
      while (count-- > 0) items.push(item.decode(reader));
      return items;
    },
    skip(reader) {
      let count = readLength(length, reader);
      while (count-- > 0) skipWith(item, reader);
    },
  };
}

/** `Option<T>`: 0, or 1 and the value. None is `undefined`. */
export function option<T>(item: Codec<T>): SkippableCodec<T | undefined> {
  return {
    encode(writer, value) {
      bool.encode(writer, value !== undefined);
      if (value !== undefined) item.encode(writer, value);
    },
    decode: (reader) => (bool.decode(reader) ? item.decode(reader) : undefined),
    skip(reader) {
      if (bool.decode(reader)) skipWith(item, reader);
    },
  };
}

/** A tuple, or a fixed array `[T; N]` when all items are alike: nothing but the items. */
// biome-ignore lint/suspicious/noExplicitAny: as for Fields.
export function tuple<const C extends readonly Codec<any>[]>(
  ...items: C
): SkippableCodec<TupleValue<C>> {
  return {
    encode(writer, value) {
      if (value.length !== items.length) writer.fail('length', `${items.length} items`);
      for (let i = 0; i < items.length; i++) items[i]!.encode(writer, value[i]);
    },
    decode: (reader) => items.map((item) => item.decode(reader)) as TupleValue<C>,
    skip(reader) {
      for (const item of items) skipWith(item, reader);
    },
  };
}

/** A struct: its fields in the order in which they are named, nothing between them. */
export function struct<F extends Fields>(fields: F): SkippableCodec<StructValue<F>> {
  const names = Object.keys(fields);
  const codecs = names.map((name) => fields[name]!);
  refuseIntegerNames(names);
  return {
    encode: structEncoder(names, codecs) as (writer: ByteWriter, value: StructValue<F>) => void,
    decode: structDecoder(names, codecs) as (reader: ByteReader) => StructValue<F>,
    skip: structSkipper(codecs),
  };
}

// A loop over the fields is three times slower than code that names them, so the small
// structs, which are nearly all, get such code once, when the schema is built.

type AnyObject = Record<string, unknown>;
type AnyCodecs = readonly Codec<unknown>[];

function structEncoder(
  names: readonly string[],
  codecs: AnyCodecs,
): (writer: ByteWriter, value: AnyObject) => void {
  const [a, b, c] = codecs;
  const [ka, kb, kc] = names as [string, string, string];
  switch (names.length) {
    case 1:
      return (writer, value) => a!.encode(writer, value[ka]);
    case 2:
      return (writer, value) => {
        a!.encode(writer, value[ka]);
        b!.encode(writer, value[kb]);
      };
    case 3:
      return (writer, value) => {
        a!.encode(writer, value[ka]);
        b!.encode(writer, value[kb]);
        c!.encode(writer, value[kc]);
      };
    default:
      return (writer, value) => {
        for (let i = 0; i < codecs.length; i++) codecs[i]!.encode(writer, value[names[i]!]);
      };
  }
}

function structDecoder(
  names: readonly string[],
  codecs: AnyCodecs,
): (reader: ByteReader) => AnyObject {
  const [a, b, c] = codecs;
  const [ka, kb, kc] = names as [string, string, string];
  switch (names.length) {
    case 1:
      return (reader) => ({ [ka]: a!.decode(reader) });
    case 2:
      return (reader) => ({ [ka]: a!.decode(reader), [kb]: b!.decode(reader) });
    case 3:
      return (reader) => ({
        [ka]: a!.decode(reader),
        [kb]: b!.decode(reader),
        [kc]: c!.decode(reader),
      });
    default:
      return (reader) => {
        const value: AnyObject = {};
        for (let i = 0; i < codecs.length; i++) value[names[i]!] = codecs[i]!.decode(reader);
        return value;
      };
  }
}

function structSkipper(codecs: AnyCodecs): (reader: ByteReader) => void {
  const [a, b] = codecs.map(skipperOf);
  if (codecs.length === 2) {
    return (reader) => {
      a!(reader);
      b!(reader);
    };
  }
  return (reader) => {
    for (let i = 0; i < codecs.length; i++) skipWith(codecs[i]!, reader);
  };
}

function skipperOf(codec: Codec<unknown>): (reader: ByteReader) => void {
  return codec.skip?.bind(codec) ?? ((reader) => void codec.decode(reader));
}

/**
 * An enum: the variant's index, then its fields. Variants are numbered in the order in which
 * they are named. A newtype variant is a struct of one field, a unit variant has none.
 */
export function variantsOf<V extends Readonly<Record<string, Fields>>>(
  index: Codec<number>,
  variants: V,
): SkippableCodec<VariantsValue<V>> {
  type Value = VariantsValue<V>;
  const names = Object.keys(variants);
  refuseIntegerNames(names);
  const bodies = names.map((name) => struct(variants[name]!));
  const indexes = new Map(names.map((name, i) => [name, i]));

  const bodyAt = (reader: ByteReader): number => {
    const at = reader.offset;
    const i = index.decode(reader);
    return i < names.length ? i : reader.fail('variant', `a variant of 0..${names.length - 1}`, at);
  };
  return {
    encode(writer, value) {
      const i = indexes.get(value.type as string);
      if (i === undefined) writer.fail('variant', `a type of ${names.join(', ')}`);
      index.encode(writer, i!);
      bodies[i!]!.encode(writer, value as never);
    },
    decode(reader) {
      const i = bodyAt(reader);
      return { type: names[i]!, ...bodies[i]!.decode(reader) } as Value;
    },
    skip: (reader) => bodies[bodyAt(reader)]!.skip(reader),
  };
}

/** JavaScript would put such names first, whatever the order in which they were written. */
function refuseIntegerNames(names: readonly string[]): void {
  const bad = names.find((name) => /^\d+$/.test(name));
  if (bad !== undefined) throw new WireError('variant', 0, `a name that is no integer, not ${bad}`);
}
