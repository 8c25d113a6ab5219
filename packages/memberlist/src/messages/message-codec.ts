import { type ByteReader, ByteWriter } from '@shoal/wire';
import { type StructMessage, structOf, structType } from './layouts.ts';
import type { PacketMessage } from './message.ts';
import { MESSAGE_TYPE } from './message-type.ts';

/**
 * A message of a packet, with its type byte: what a compound holds, and a whole body if it is the
 * only one.
 *
 * Throws a `WireError` with code `range` for a number outside its range, or `utf8` for text with a
 * lone surrogate.
 */
export function encodeMessage(message: PacketMessage): Uint8Array {
  const writer = new ByteWriter({ capacity: 128 });
  writer.u8(MESSAGE_TYPE[message.type]);
  if (message.type === 'user') writer.raw(message.payload);
  else writeStruct(writer, message);
  return writer.copy();
}

/** Appends the body of a message that is one struct, without its type. */
export function writeStruct(writer: ByteWriter, message: StructMessage): void {
  structOf(message.type)!.encode(writer, message);
}

/**
 * Reads a message that is one struct. Throws a `WireError` with code `variant` if the type is not
 * one of `types`, or a value has the wrong type, `range`, `utf8`, or `truncated`.
 */
export function readStruct<T extends StructMessage['type']>(
  reader: ByteReader,
  types: ReadonlySet<T>,
): Extract<StructMessage, { type: T }> {
  const number = reader.u8();
  const type = structType(number);
  if (type === undefined || !types.has(type as T)) {
    reader.fail(
      'variant',
      `a type of message that may stand here, not ${number}`,
      reader.offset - 1,
    );
  }
  return structOf(type)!.decode(reader) as Extract<StructMessage, { type: T }>;
}
