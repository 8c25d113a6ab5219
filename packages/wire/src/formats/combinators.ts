import { type Codec, type CodecValue, type SkippableCodec, skipWith } from '../bytes/codec.ts';
import type { ByteReader } from '../bytes/reader.ts';
import { encodeUtf8 } from '../bytes/text.ts';
import { type Fields, refuseIntegerNames, type StructValue, struct } from './struct.ts';

// What postcard and bincode share: serde's data model. The formats differ only in how they write
// integers, so the functions here take the integer codecs of a format as parameters.

/** The value of a tuple of these codecs. */
// biome-ignore lint/suspicious/noExplicitAny: as for Fields.
export type TupleValue<C extends readonly Codec<any>[]> = {
  -readonly [K in keyof C]: CodecValue<C[K]>;
};

/** The value of an enum with these variants: a union discriminated by `type`. */
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

/** Reads a length and checks that so many bytes are left, before memory is reserved for them. */
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
    // A copy, because the memory of a packet is usually reused.
    decode: (reader) => reader.view(readLength(length, reader)).slice(),
    skip: (reader) => skipBytes(length, reader),
  };
}

export function listOf<T>(length: Codec<number>, item: Codec<T>): SkippableCodec<T[]> {
  return {
    encode(writer, value) {
      length.encode(writer, value.length);
      for (const each of value) item.encode(writer, each);
    },
    decode(reader) {
      // An item takes at least one byte, so a count that exceeds the bytes left is false. The rule
      // also bounds lists of items that take no bytes, such as empty structs.
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

/** `Option<T>`: 0, or 1 and the value. `None` is `undefined`. */
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

/** A tuple, or a fixed array `[T; N]`: the items, without a count. */
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

/** An enum: the index of a variant, then its fields. See `variants` of either format. */
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
