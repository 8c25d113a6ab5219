import { ByteReader, ByteWriter } from '@shoal/wire';
import { type Field, mapOf, text } from '../msgpack/fields.ts';

/** The first byte of tags. It begins no text, so it tells them from the role of old members. */
const TAGS = 0xff;

const MAP: Field<ReadonlyMap<string, string> | undefined> = /* @__PURE__ */ mapOf(text);

/**
 * The tags of a member as the metadata of memberlist, in the order of the map. At most 512 bytes can
 * be sent, which this function does not check. Throws a `WireError` with code `utf8` for text with a
 * lone surrogate.
 */
export function encodeSerfTags(tags: ReadonlyMap<string, string>): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(TAGS);
  MAP.encode(writer, tags);
  return writer.copy();
}

/**
 * The tags in metadata. Members of before protocol 3 have one, `role`, which is all of their
 * metadata.
 *
 * Throws a `WireError` with code `truncated`, `variant`, `length` or `utf8`.
 */
export function decodeSerfTags(metadata: Uint8Array | undefined): ReadonlyMap<string, string> {
  const reader = new ByteReader(metadata);
  if (reader.remaining > 0 && reader.bytes[0] !== TAGS) {
    return new Map([['role', reader.text(reader.remaining)]]);
  }
  if (reader.remaining === 0) return new Map([['role', '']]);
  reader.skip(1);
  return MAP.decode(reader) ?? new Map();
}
