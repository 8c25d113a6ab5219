import type { Codec } from '../bytes/codec.ts';
import { count } from '../bytes/fields.ts';
import { readU32le, writeU32le } from '../bytes/little-endian.ts';
import { ByteWriter } from '../bytes/writer.ts';
import type { ShoalStreamEntry } from './shoal-stream.ts';

// Log entries on a stream: type u8, length u32 and payload of each.

/** The type and the length of an entry, before its payload. */
const ENTRY_HEADER = 5;

/** Entries after their number, which is at least 1. Decoded payloads are views of the input. */
export const entries: Codec<readonly ShoalStreamEntry[]> = {
  encode(writer, list) {
    count.encode(writer, list.length);
    writeEntries(writer, list);
  },
  decode(reader) {
    const size = count.decode(reader);
    if (size > reader.remaining / ENTRY_HEADER) {
      reader.fail(
        'length',
        `a count of entries that ${reader.remaining} bytes can hold`,
        reader.offset - 4,
      );
    }
    const list: ShoalStreamEntry[] = [];
    for (let i = 0; i < size; i++) {
      const type = reader.u8();
      const length = readU32le(reader);
      if (length > reader.remaining) {
        reader.fail(
          'length',
          `a payload of at most ${reader.remaining} bytes, not ${length}`,
          reader.offset - 4,
        );
      }
      list.push({ type, payload: reader.view(length) });
    }
    return list;
  },
};

/**
 * The frame that follows a `chainedEntries` message: the entries, without a count.
 *
 * Throws a `WireError` with code `range` for a type outside 0..255.
 */
export function encodeEntries(list: readonly ShoalStreamEntry[]): Uint8Array {
  const writer = new ByteWriter({ capacity: entriesLength(list), fixed: true });
  writeEntries(writer, list);
  return writer.bytes;
}

/** How many bytes the entries take, without their count. */
export function entriesLength(list: readonly ShoalStreamEntry[]): number {
  let size = 0;
  for (const { payload } of list) size += ENTRY_HEADER + payload.length;
  return size;
}

function writeEntries(writer: ByteWriter, list: readonly ShoalStreamEntry[]): void {
  for (const { type, payload } of list) {
    writer.u8(type);
    writeU32le(writer, payload.length);
    writer.raw(payload);
  }
}
