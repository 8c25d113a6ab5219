import { type ByteReader, ByteWriter } from '@shoal/wire';
import type { Field } from './fields.ts';
import { readMapHead, readText } from './read.ts';
import { skipValue } from './scan.ts';
import { writeMapHead, writeText } from './write.ts';

/** One field of a Go struct. */
export interface StructField<T> {
  /** Its name in Go, which is its key in the map. */
  readonly key: string;
  readonly codec: Field<T>;
  /** Whether Go leaves the field out when it is zero or empty. */
  readonly omitEmpty: boolean;
}

/** A field that is always written. */
export function field<T>(key: string, codec: Field<T>): StructField<T> {
  return { key, codec, omitEmpty: false };
}

/** A field that is left out when it is zero or empty. */
export function optional<T>(key: string, codec: Field<T>): StructField<T> {
  return { key, codec, omitEmpty: true };
}

/** The fields of a struct in the order of their bytes: sorted by key. */
type StructFields<T> = { readonly [K in Exclude<keyof T, 'type'>]: StructField<T[K]> };

interface Entry {
  readonly name: string;
  readonly field: StructField<unknown>;
  /** The key as it is written. */
  readonly bytes: Uint8Array;
}

type Values = Record<string, unknown>;

/**
 * A Go struct as go-msgpack writes it: a map from the names of the fields to their values, sorted
 * by the bytes of the names.
 *
 * Decoding takes the fields in any order, ignores unknown ones, and gives missing ones their zero
 * value. Of fields with the same name the last one counts.
 */
export class Struct<T extends object> implements Field<T> {
  readonly zero: T;
  readonly #entries: readonly Entry[];
  readonly #byKey: ReadonlyMap<string, Entry>;

  /** With `type`, decoded values have a property of that name and value. */
  constructor(fields: StructFields<T>, type?: string) {
    const entries = Object.entries<StructField<unknown>>(fields);
    this.#entries = entries.map(([name, each]) => {
      const writer = new ByteWriter({ capacity: 32 });
      writeText(writer, each.key);
      return { name, field: each, bytes: writer.copy() };
    });
    this.#byKey = new Map(this.#entries.map((entry) => [entry.field.key, entry]));
    const zero: Values = type === undefined ? {} : { type };
    for (const [name, each] of entries) zero[name] = each.codec.zero;
    this.zero = zero as T;
  }

  encode(writer: ByteWriter, value: T): void {
    const values = value as Values;
    const entries = this.#entries;
    let present = entries.length;
    for (const { name, field } of entries) if (isOmitted(field, values[name])) present--;
    writeMapHead(writer, present);
    for (const { name, field, bytes } of entries) {
      if (isOmitted(field, values[name])) continue;
      writer.raw(bytes);
      field.codec.encode(writer, values[name]);
    }
  }

  decode(reader: ByteReader): T {
    const values: Values = { ...(this.zero as Values) };
    const size = readMapHead(reader);
    for (let i = 0; i < size; i++) {
      const entry = this.#readKey(reader, i);
      if (entry === undefined) skipValue(reader);
      else values[entry.name] = entry.field.codec.decode(reader);
    }
    return values as T;
  }

  /** Reads the key of entry `index`, and returns the codec of its value if it is known. */
  readField(reader: ByteReader, index: number): StructField<unknown> | undefined {
    return this.#readKey(reader, index)?.field;
  }

  #readKey(reader: ByteReader, index: number): Entry | undefined {
    const expected = this.#entries[index];
    if (expected && startsWith(reader, expected.bytes)) {
      reader.offset += expected.bytes.length;
      return expected;
    }
    return this.#byKey.get(readText(reader));
  }
}

function isOmitted({ omitEmpty }: StructField<unknown>, value: unknown): boolean {
  if (!omitEmpty) return false;
  return !value || (value instanceof Uint8Array && value.length === 0);
}

function startsWith({ bytes, offset, end }: ByteReader, expected: Uint8Array): boolean {
  if (end - offset < expected.length) return false;
  for (let i = 0; i < expected.length; i++) {
    if (bytes[offset + i] !== expected[i]) return false;
  }
  return true;
}
