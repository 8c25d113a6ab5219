import { ByteReader, ByteWriter } from '@shoal/wire';
import type { Struct } from '../msgpack/struct.ts';
import { CONFLICT, RELAY_HEADER, SERF_STRUCTS, SERF_TYPE } from './serf-layouts.ts';
import type { SerfMessage } from './serf-message.ts';

/** The types by number. */
const TYPES: readonly SerfMessage['type'][] = /* @__PURE__ */ Object.keys(
  SERF_TYPE,
) as SerfMessage['type'][];

/**
 * A message of Serf: its type as a u8, then its body. It is the payload of a `user` message, the
 * user state of a push/pull, or the payload of a query or of its answer.
 *
 * Throws a `WireError` with code `range` for a number outside its range, or `utf8` for text with a
 * lone surrogate.
 */
export function encodeSerfMessage(message: SerfMessage): Uint8Array {
  const writer = new ByteWriter({ capacity: 128 });
  writer.u8(SERF_TYPE[message.type]);
  if (message.type === 'relay') {
    RELAY_HEADER.encode(writer, message);
    writer.raw(message.message);
  } else if (message.type === 'conflictResponse') CONFLICT.encode(writer, message.member);
  else (SERF_STRUCTS[message.type] as Struct<typeof message>).encode(writer, message);
  return writer.copy();
}

/**
 * Reads a message of Serf. Bytes are views of the input, and those behind the message are ignored.
 *
 * Throws a `WireError` with code `variant` for an unknown type, or a value of the wrong type, and
 * with `truncated`, `range`, `utf8` or `length`.
 */
export function decodeSerfMessage(bytes: Uint8Array): SerfMessage {
  const reader = new ByteReader(bytes);
  const number = reader.u8();
  const type = TYPES[number];
  switch (type) {
    case undefined:
      return reader.fail('variant', `a type of 0..${TYPES.length - 1}, not ${number}`, 0);
    case 'relay': {
      const header = RELAY_HEADER.decode(reader);
      return { type, ...header, message: reader.view(reader.remaining) };
    }
    case 'conflictResponse':
      return { type, member: CONFLICT.decode(reader) };
    default:
      return SERF_STRUCTS[type].decode(reader);
  }
}
