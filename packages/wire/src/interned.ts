import type { Codec } from './codec.ts';
import type { ByteReader } from './reader.ts';

/** How much {@link interned} remembers. */
export interface InternedOptions {
  /** How many values at the most, rounded up to a power of two. Default 65,536. */
  readonly capacity?: number;
}

/** Longer values are decoded anew each time, so that a peer cannot fill memory with them. */
const MAX_BYTES = 128;
const FIRST_SIZE = 256;

interface Entry<T> {
  readonly hash: number;
  readonly bytes: Uint8Array;
  readonly value: T;
}

/**
 * A codec that hands out the same object for the same bytes, so that reading an identity that
 * was seen before makes no string and no object. The cache is bounded: a value may push out
 * another, which is then decoded again. Values must be treated as frozen.
 *
 * `codec` needs a `skip`; without one it is returned as it is.
 */
export function interned<T>(codec: Codec<T>, options: InternedOptions = {}): Codec<T> {
  const skip = codec.skip?.bind(codec);
  if (!skip) return codec;
  const capacity = options.capacity ?? 65_536;
  let table = new Array<Entry<T> | undefined>(FIRST_SIZE).fill(undefined);
  let used = 0;

  const grow = (): void => {
    const old = table;
    table = new Array<Entry<T> | undefined>(old.length * 2).fill(undefined);
    used = 0;
    for (const entry of old) if (entry) put(entry);
  };
  const put = (entry: Entry<T>): void => {
    const slot = entry.hash & (table.length - 1);
    if (!table[slot]) used++;
    table[slot] = entry;
  };

  return {
    encode: (writer, value) => codec.encode(writer, value),
    skip,
    decode(reader) {
      const start = reader.offset;
      skip(reader);
      const end = reader.offset;
      const hash = hashOf(reader.bytes, start, end);
      const found = table[hash & (table.length - 1)];
      if (found && found.hash === hash && sameBytes(found.bytes, reader, start, end)) {
        return found.value;
      }
      reader.offset = start;
      const value = codec.decode(reader);
      if (end - start <= MAX_BYTES) {
        if (used * 4 > table.length && table.length < capacity) grow();
        put({ hash, bytes: reader.bytes.slice(start, end), value });
      }
      return value;
    },
  };
}

/** FNV-1a over 32-bit steps, with a last mix for the low bits, which choose the slot. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word =
      bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    hash = Math.imul(hash ^ word, 0x01000193);
    hash ^= hash >>> 15;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  return hash ^ (hash >>> 15);
}

function sameBytes(known: Uint8Array, reader: ByteReader, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  const { bytes } = reader;
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}
