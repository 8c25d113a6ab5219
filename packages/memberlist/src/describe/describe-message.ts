import { crc32 } from '@shoal/wire';
import { type FieldReader, hexWord } from '@shoal/wire/internal';
import {
  COMPRESSED,
  NODE_STATE,
  PUSH_PULL_HEADER,
  structOf,
  structType,
  USER_HEADER,
} from '../messages/layouts.ts';
import { MESSAGE_TYPE } from '../messages/message-type.ts';
import { readMapHead, readText } from '../msgpack/read.ts';
import { skipValue } from '../msgpack/scan.ts';
import type { Struct } from '../msgpack/struct.ts';
import { readCompressed } from '../packets/compression.ts';
import { readPushPullHeader, readUserLength } from '../streams/stream-body.ts';

/** How deeply compounds may be nested in a description. */
const MAX_DEPTH = 8;

/** How to describe a message. */
interface Context {
  readonly stream: boolean;
  /** How many bytes may come out of the decompression. */
  readonly maxLength: number;
  /** Takes a body that was compressed. */
  push(body: Uint8Array): void;
}

/** Describes the checksum, if there is one. */
export function describeCrc(fields: FieldReader): void {
  const { reader } = fields;
  const start = reader.offset;
  if (reader.bytes[start] !== MESSAGE_TYPE.crc) return;
  describeType(fields);
  const expected = fields.field('crc32', (r) => r.u32be(), hexWord);
  const actual = crc32(reader.bytes.subarray(reader.offset));
  if (actual !== expected) {
    reader.fail('checksum', `crc32 ${hexWord(actual)}, not ${hexWord(expected)}`, start + 1);
  }
}

/** Describes a message and, if it is a compound, those in it. */
export function describeMessage(fields: FieldReader, context: Context, depth = 0): void {
  const { reader } = fields;
  const start = reader.offset;
  const type = describeType(fields);
  const struct = structOf(structType(type) ?? '');
  if (struct) return describeStruct(fields, struct);
  switch (type) {
    case MESSAGE_TYPE.compress: {
      const body = reader.offset;
      describeStruct(fields, COMPRESSED);
      reader.offset = body;
      return context.push(readCompressed(reader, context.maxLength));
    }
    case MESSAGE_TYPE.user:
      return describeUser(fields, context.stream);
    case MESSAGE_TYPE.compound:
      if (!context.stream && depth < MAX_DEPTH) return describeParts(fields, context, depth);
      break;
    case MESSAGE_TYPE.pushPull:
      if (context.stream) return describePushPull(fields);
  }
  reader.fail('variant', `a message that may stand here, not ${nameOf(type)}`, start);
}

function describeType(fields: FieldReader): number {
  return fields.field('type', (reader) => reader.u8(), nameOf);
}

function nameOf(type: number): string {
  const [name = 'unknown'] = Object.entries(MESSAGE_TYPE).find((each) => each[1] === type) ?? [];
  return `${type} ${name}`;
}

/** Describes each entry of a struct, those that are not known with the bytes of their values. */
function describeStruct(fields: FieldReader, struct: Pick<Struct<object>, 'readField'>): void {
  const size = fields.field('fields', readMapHead);
  for (let i = 0; i < size; i++) {
    const { reader } = fields;
    const start = reader.offset;
    const known = struct.readField(reader, i);
    const value = reader.offset;
    reader.offset = start;
    const key = readText(reader);
    reader.offset = start;
    fields.field(key, (r) => {
      r.offset = value;
      if (known) return known.codec.decode(r);
      skipValue(r);
      return r.bytes.subarray(value, r.offset);
    });
  }
}

function describeParts(fields: FieldReader, context: Context, depth: number): void {
  const { reader } = fields;
  const count = fields.field('count', (r) => r.u8());
  const lengths: number[] = [];
  for (let i = 0; i < count; i++) lengths.push(fields.field('length', (r) => r.u16be()));
  const { end } = reader;
  lengths.forEach((length, i) => {
    const start = reader.offset;
    if (length > end - start) reader.fail('truncated', `a part of ${length} bytes`);
    reader.end = start + length;
    fields.group(`part ${i}`, () => {
      describeMessage(fields, context, depth + 1);
      if (reader.remaining > 0) fields.field('ignored', (r) => r.view(r.remaining));
    });
    reader.end = end;
  });
}

function describeUser(fields: FieldReader, stream: boolean): void {
  const { reader } = fields;
  let length = reader.remaining;
  if (stream) {
    const start = reader.offset;
    describeStruct(fields, USER_HEADER);
    reader.offset = start;
    length = readUserLength(reader);
  }
  fields.field('payload', (r) => r.view(length));
}

function describePushPull(fields: FieldReader): void {
  const { reader } = fields;
  const start = reader.offset;
  describeStruct(fields, PUSH_PULL_HEADER);
  reader.offset = start;
  const { nodes, userStateLength } = readPushPullHeader(reader);
  for (let i = 0; i < nodes; i++)
    fields.group(`node ${i}`, () => describeStruct(fields, NODE_STATE));
  fields.field('userState', (r) => r.view(userStateLength));
}
