import type { Codec, SkippableCodec } from '../bytes/codec.ts';
import type { ByteReader } from '../bytes/reader.ts';
import type { ByteWriter } from '../bytes/writer.ts';

/** Options of {@link interned}. */
interface InternedOptions {
  /** The most values to keep, rounded up to a power of two. Default 131,072. */
  readonly capacity?: number | undefined;
}

/** Longer values are not kept, so that a peer cannot fill the memory with them. */
const MAX_BYTES = 128;
const FIRST_SIZE = 256;
/**
 * The longest search in the table. A value whose hash collides with this many others replaces one of
 * them, so a peer that produces collisions cannot make a look-up slow.
 */
const MAX_PROBES = 16;

/** Each slot of the table has this many numbers. */
const WIDTH = 4;
const SHIFT = 2;
/** The hash, the place of the bytes, their length, and the index of the value plus 1 (0: empty). */
const HASH = 0;
const START = 1;
const LENGTH = 2;
const VALUE = 3;

/**
 * A codec that decodes the same bytes to the same object, so that an identity that was seen before
 * costs no string and no object. The cache is bounded: when it is full, it is emptied. Treat the
 * values as frozen.
 *
 * A codec without `skip` is returned unchanged.
 */
export function interned<T>(codec: Codec<T>, options: InternedOptions = {}): Codec<T> {
  return codec.skip ? new InternedCodec(codec as SkippableCodec<T>, options) : codec;
}

class InternedCodec<T> implements Codec<T> {
  readonly #codec: SkippableCodec<T>;
  readonly #capacity: number;
  /** Open addressing, at most half full. A flat array, so that a look-up follows no pointers. */
  #table = new Int32Array(FIRST_SIZE * WIDTH);
  #bytes = new Uint8Array(FIRST_SIZE * 8);
  #end = 0;
  #values: T[] = [];

  constructor(codec: SkippableCodec<T>, options: InternedOptions) {
    this.#codec = codec;
    this.#capacity = options.capacity ?? 131_072;
  }

  encode(writer: ByteWriter, value: T): void {
    this.#codec.encode(writer, value);
  }

  skip(reader: ByteReader): void {
    this.#codec.skip(reader);
  }

  decode(reader: ByteReader): T {
    const start = reader.offset;
    this.#codec.skip(reader);
    const end = reader.offset;
    const hash = hashOf(reader.bytes, start, end);
    const table = this.#table;
    const mask = table.length - 1;
    for (let probe = 0, at = (hash << SHIFT) & mask; probe < MAX_PROBES; probe++) {
      const index = table[at + VALUE]!;
      if (index === 0) break;
      if (
        table[at + HASH] === hash &&
        table[at + LENGTH] === end - start &&
        sameBytes(this.#bytes, table[at + START]!, reader.bytes, start, end)
      ) {
        return this.#values[index - 1]!;
      }
      at = (at + WIDTH) & mask;
    }
    reader.offset = start;
    const value = this.#codec.decode(reader);
    if (end - start <= MAX_BYTES) this.#remember(hash, reader.bytes.subarray(start, end), value);
    return value;
  }

  #remember(hash: number, bytes: Uint8Array, value: T): void {
    if (this.#values.length * WIDTH * 2 >= this.#table.length) this.#makeRoom();
    if (this.#end + bytes.length > this.#bytes.length) {
      const more = new Uint8Array((this.#end + bytes.length) * 2);
      more.set(this.#bytes);
      this.#bytes = more;
    }
    this.#bytes.set(bytes, this.#end);
    this.#put(hash, this.#end, bytes.length, this.#values.push(value));
    this.#end += bytes.length;
  }

  /** Doubles the table, or empties the cache if it has reached its capacity. */
  #makeRoom(): void {
    const old = this.#table;
    if (old.length < this.#capacity * WIDTH * 2) {
      this.#table = new Int32Array(old.length * 2);
      for (let at = 0; at < old.length; at += WIDTH) {
        const index = old[at + VALUE]!;
        if (index > 0) this.#put(old[at + HASH]!, old[at + START]!, old[at + LENGTH]!, index);
      }
      return;
    }
    this.#table = new Int32Array(FIRST_SIZE * WIDTH);
    this.#bytes = new Uint8Array(FIRST_SIZE * 8);
    this.#end = 0;
    this.#values = [];
  }

  #put(hash: number, start: number, length: number, index: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    const home = (hash << SHIFT) & mask;
    let at = home;
    for (let probe = 0; table[at + VALUE] !== 0; probe++) {
      if (probe === MAX_PROBES - 1) {
        at = home;
        break;
      }
      at = (at + WIDTH) & mask;
    }
    table[at + HASH] = hash;
    table[at + START] = start;
    table[at + LENGTH] = length;
    table[at + VALUE] = index;
  }
}

/** FNV-1a over 32-bit words, then a mix for the low bits, which select the slot. */
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

function sameBytes(
  known: Uint8Array,
  at: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  for (let i = start; i < end; i++) if (known[at++] !== bytes[i]) return false;
  return true;
}
