import { type ByteReader, ByteWriter, WireError } from '@shoal/wire';
import { MESSAGE_TYPE } from '../messages/message-type.ts';

/** How many parts a compound has at most: their number is a u8. */
const MAX_PARTS = 255;

/**
 * Several messages as one body: their number as a u8, the length of each as a u16, then the
 * messages back to back.
 *
 * Throws a `WireError` with code `capacity` unless there are 1..255 parts, or for a part of more than
 * 65,535 bytes.
 */
export function encodeCompound(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length < 1 || parts.length > MAX_PARTS) {
    throw new WireError('capacity', 0, `1..${MAX_PARTS} parts, not ${parts.length}`);
  }
  const capacity = parts.reduce((sum, part) => sum + 2 + part.length, 2);
  const writer = new ByteWriter({ capacity, fixed: true });
  writer.u8(MESSAGE_TYPE.compound);
  writer.u8(parts.length);
  for (const { length } of parts) {
    if (length > 0xffff) writer.fail('capacity', `a part of at most 65,535 bytes, not ${length}`);
    writer.u16be(length);
  }
  for (const part of parts) writer.raw(part);
  return writer.bytes;
}

/**
 * Reads a compound behind its type byte: calls `read` for each part, with the reader limited to it.
 * `read` must not throw. Parts that run past the end are not read: the error is returned, after
 * the parts before them were read. Throws a `WireError` with code `truncated` if the lengths are
 * incomplete.
 */
export function readCompound(reader: ByteReader, read: () => void): WireError | undefined {
  const count = reader.u8();
  const lengths = reader.offset;
  reader.skip(2 * count);
  const { bytes, end } = reader;
  let at = reader.offset;
  for (let i = 0; i < count; i++) {
    const length = (bytes[lengths + 2 * i]! << 8) | bytes[lengths + 2 * i + 1]!;
    if (length > end - at) {
      return new WireError('truncated', at, `a part of ${length} bytes, not ${end - at}`);
    }
    reader.offset = at;
    reader.end = at + length;
    read();
    at += length;
  }
  reader.offset = at;
  reader.end = end;
  return undefined;
}
