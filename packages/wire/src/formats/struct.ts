import { type Codec, type CodecValue, type SkippableCodec, skipWith } from '../bytes/codec.ts';
import type { ByteReader } from '../bytes/reader.ts';
import type { ByteWriter } from '../bytes/writer.ts';
import { WireError } from '../errors.ts';

/** Named codecs, in the order in which their values are written. */
// biome-ignore lint/suspicious/noExplicitAny: a codec is invariant in the type of its value.
export type Fields = Readonly<Record<string, Codec<any>>>;

/** The value of a struct with these fields. */
export type StructValue<F extends Fields> = { -readonly [K in keyof F]: CodecValue<F[K]> };

/**
 * A struct: its fields, in the order of the properties of `fields`. Throws a `WireError` with code
 * `variant` for a field name that is an integer.
 */
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

// Code that names the fields is three times faster than a loop over them, so structs of up to three
// fields, which are nearly all, get such code when the schema is built.

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

/** JavaScript orders integer property names first, whatever their order in the source. */
export function refuseIntegerNames(names: readonly string[]): void {
  const bad = names.find((name) => /^\d+$/.test(name));
  if (bad !== undefined)
    throw new WireError('variant', 0, `a name that is not an integer, not ${bad}`);
}
