import { describe, expect, it } from 'vitest';
import type { Codec } from '../src/bytes/codec.ts';
import { ByteReader } from '../src/bytes/reader.ts';
import { ByteWriter } from '../src/bytes/writer.ts';
import { WireError } from '../src/errors.ts';
import * as bincode from '../src/formats/bincode.ts';
import * as postcard from '../src/formats/postcard.ts';
import { focaCodec } from '../src/swim/foca-codec.ts';
import type { MemberRecord } from '../src/swim/message.ts';
import { decodePacket, encodePacket } from '../src/swim/packet.ts';
import { fromHex, readVectors, toHex, toJson, type Vector } from './vectors.test-helper.ts';

const formats = { postcard, bincode };

function written(write: (writer: ByteWriter) => void): string {
  const writer = new ByteWriter();
  write(writer);
  return toHex(writer.view());
}

/** The value of all of the bytes, or undefined if the codec refuses them. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

describe.each(Object.entries(formats))('%s as the crate writes it', (name, format) => {
  const { vectors, invalid } = readVectors(`serde-${name}`);

  const big = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`V${i}`, {}]));
  const codecs: Record<string, Codec<unknown>> = {
    u8: format.u8,
    u16: format.u16,
    u32: format.u32,
    u64: format.u64,
    i8: format.i8,
    i16: format.i16,
    i32: format.i32,
    i64: format.i64,
    bool: format.bool,
    str: format.str,
    bytes: format.bytes,
    socketAddress: format.socketAddress,
    'option<u16>': format.option(format.u16),
    'option<str>': format.option(format.str),
    'list<u32>': format.list(format.u32),
    'list<str>': format.list(format.str),
    'list<list<u16>>': format.list(format.list(format.u16)),
    'list<option<u8>>': format.list(format.option(format.u8)),
    'tuple<u8,u64,str>': format.tuple(format.u8, format.u64, format.str),
    'array<u8,4>': format.tuple(format.u8, format.u8, format.u8, format.u8),
    'array<u16,3>': format.tuple(format.u16, format.u16, format.u16),
    struct: format.struct({
      id: format.u64,
      name: format.str,
      tags: format.list(format.str),
      delta: format.i32,
      flag: format.bool,
      parent: format.option(format.u16),
    }),
    enum: format.variants({
      Empty: {},
      Circle: { fields: format.u32 },
      Segment: { fields: format.tuple(format.i16, format.i16) },
      Named: { fields: format.struct({ name: format.str, sides: format.u8 }) },
    }),
    bigEnum: format.variants(big),
  } as Record<string, Codec<unknown>>;

  const expected = (vector: Vector): unknown => {
    const { type, value } = vector.value as { type: string; value: Record<string, unknown> };
    if (type !== 'enum' && type !== 'bigEnum') return value;
    const { variant, fields } = value;
    return { type: variant, ...(fields === undefined ? {} : { fields }) };
  };

  it.each(vectors.filter((vector) => !vector.lenient))('$name', (vector) => {
    const codec = codecs[vector.kind]!;
    const reader = new ByteReader(fromHex(vector.hex));
    const value = codec.decode(reader);
    reader.finish();
    expect(toJson(value)).toEqual(expected(vector));
    expect(written((writer) => codec.encode(writer, value))).toBe(vector.hex);
  });

  it.each(vectors.filter((vector) => vector.lenient))('odd but accepted there: $name', (vector) => {
    // Read as the same value and length, or refused as not being in the shortest form.
    const reader = new ByteReader(fromHex(vector.hex));
    let value: unknown;
    try {
      value = codecs[vector.kind]!.decode(reader);
    } catch (error) {
      expect(error).toMatchObject({ name: 'WireError', code: 'overlong' });
      return;
    }
    expect(reader.offset).toBe(vector.value['consumed']);
    if (vector.kind.endsWith('num')) return;
    expect(toJson(value)).toEqual(expected(vector));
  });

  it.each(invalid)('refused there: $name', (vector) => {
    expect(() => codecs[vector.kind]!.decode(new ByteReader(fromHex(vector.hex)))).toThrow(
      WireError,
    );
  });
});

describe.each(Object.entries(formats))('foca packets with %s', (name, format) => {
  const { vectors, invalid } = readVectors(`foca-${name}`);
  const codec = focaCodec({
    format,
    identity: format.struct({ addr: format.socketAddress, bump: format.u64 }),
  });
  type Id = { addr: string; bump: bigint };

  const read = (kind: string, bytes: Uint8Array): unknown => {
    if (kind === 'packet') {
      const { header, members, broadcasts } = decodePacket(codec, bytes);
      return { header, updates: members, broadcasts };
    }
    const reader = new ByteReader(bytes);
    const record = {} as MemberRecord<Id>;
    if (kind === 'header') {
      const header = codec.readHeader(reader);
      reader.finish();
      return header;
    }
    codec.readMember(reader, record);
    reader.finish();
    const { id, incarnation, state } = record;
    return { id, incarnation, state };
  };

  it.each(vectors.filter((vector) => !vector.lenient))('$kind: $name', (vector) => {
    const bytes = fromHex(vector.hex);
    const value = toJson(read(vector.kind, bytes)) as { updates?: unknown };
    // Without a count there are no members.
    if (vector.kind === 'packet' && vector.value['updates'] === null) value.updates = null;
    expect(value).toEqual(vector.value);

    if (vector.kind === 'packet') {
      // foca omits the count if the packet has no room for it.
      const limit = vector.name.startsWith('no room for a count') ? bytes.length : 1400;
      const again = encodePacket(codec, decodePacket(codec, bytes), { maxPacketSize: limit });
      expect(toHex(again)).toBe(vector.hex);
    } else if (vector.kind === 'header') {
      const header = codec.readHeader(new ByteReader(bytes));
      expect(written((writer) => codec.writeHeader(writer, header))).toBe(vector.hex);
    } else {
      const record = {} as MemberRecord<Id>;
      codec.readMember(new ByteReader(bytes), record);
      expect(written((writer) => codec.writeMember(writer, record))).toBe(vector.hex);
    }
  });

  // The bytes of these are valid. The membership core refuses them.
  const NOT_WIRE = /ourselves|our address|targets the receiver|from the receiver|handler refuses/;

  it.each(invalid.filter((vector) => !NOT_WIRE.test(vector.name)))('refused: $name', (vector) => {
    expect(() => read(vector.kind, fromHex(vector.hex))).toThrow(WireError);
  });

  it.each(vectors.filter((vector) => vector.lenient))('odd but accepted there: $name', (vector) => {
    const value = attempt(() => read(vector.kind, fromHex(vector.hex))) as
      | { header: object }
      | undefined;
    // A turnUndead has no body. foca never sends one that has.
    if (/turnUndead with/.test(vector.name)) expect(value).toBeUndefined();
    else expect(toJson(value?.header)).toEqual(vector.value['header']);
  });
});
