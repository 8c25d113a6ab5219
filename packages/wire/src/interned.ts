import type { Codec } from './codec.ts';
import type { SkippableCodec } from './combinators.ts';
import type { ByteReader } from './reader.ts';
import type { ByteWriter } from './writer.ts';

/** How much {@link interned} remembers. */
export interface InternedOptions {
  /** How many values at the most, rounded up to a power of two. Default 131,072. */
  readonly capacity?: number;
  /**
   * Whether to write an object that was seen before by copying its bytes, which pays for codecs
   * that are slow to encode. A change to such an object is not seen. Default false.
   */
  readonly encodings?: boolean;
}

/** Longer values are decoded anew each time, so that a peer cannot fill memory with them. */
const MAX_BYTES = 128;
const FIRST_SIZE = 256;
/** Values that were made to collide cost no more than this; those beyond push one out. */
const MAX_PROBES = 16;

interface Entry<T> {
  readonly hash: number;
  readonly bytes: Uint8Array;
  readonly value: T;
}

/**
 * A codec that hands out the same object for the same bytes, so that reading an identity that
 * was seen before makes no string and no object. The cache is bounded: when it is full it begins
 * anew, and what it held is decoded once more. Values must be treated as frozen.
 *
 * `codec` needs a `skip`; without one it is returned as it is.
 */
export function interned<T>(codec: Codec<T>, options: InternedOptions = {}): Codec<T> {
  return codec.skip ? new InternedCodec(codec as SkippableCodec<T>, options) : codec;
}

class InternedCodec<T> implements Codec<T> {
  readonly #codec: SkippableCodec<T>;
  readonly #capacity: number;
  #table: (Entry<T> | undefined)[] = emptyTable(FIRST_SIZE);
  #used = 0;
  /** The bytes of values that were seen, by the very object. */
  readonly #encoded: WeakMap<object, Uint8Array> | undefined;

  constructor(codec: SkippableCodec<T>, options: InternedOptions) {
    this.#codec = codec;
    this.#capacity = options.capacity ?? 131_072;
    this.#encoded = options.encodings ? new WeakMap() : undefined;
  }

  encode(writer: ByteWriter, value: T): void {
    if (!this.#encoded || typeof value !== 'object' || value === null) {
      this.#codec.encode(writer, value);
      return;
    }
    const known = this.#encoded.get(value);
    if (known !== undefined) {
      writer.raw(known);
      return;
    }
    const start = writer.offset;
    this.#codec.encode(writer, value);
    if (writer.offset - start <= MAX_BYTES) {
      this.#encoded.set(value, writer.bytes.slice(start, writer.offset));
    }
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
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const entry = table[(hash + probe) & mask];
      if (entry === undefined) break;
      if (entry.hash === hash && sameBytes(entry.bytes, reader.bytes, start, end)) {
        return entry.value;
      }
    }
    reader.offset = start;
    const value = this.#codec.decode(reader);
    if (end - start <= MAX_BYTES) {
      const bytes = reader.bytes.slice(start, end);
      this.#put({ hash, bytes, value });
      if (typeof value === 'object' && value !== null) this.#encoded?.set(value, bytes);
    }
    return value;
  }

  /** Open addressing, at most half full: what is full and may not grow begins anew. */
  #put(entry: Entry<T>): void {
    const old = this.#table;
    if (this.#used * 2 >= old.length) {
      const mayGrow = old.length < this.#capacity * 2;
      this.#table = emptyTable(mayGrow ? old.length * 2 : FIRST_SIZE);
      this.#used = 0;
      if (mayGrow) for (const each of old) if (each) this.#put(each);
    }
    const table = this.#table;
    const mask = table.length - 1;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const slot = (entry.hash + probe) & mask;
      if (table[slot] !== undefined) continue;
      table[slot] = entry;
      this.#used++;
      return;
    }
    table[entry.hash & mask] = entry;
  }
}

function emptyTable<T>(size: number): (Entry<T> | undefined)[] {
  return new Array<Entry<T> | undefined>(size).fill(undefined);
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

function sameBytes(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  const { length } = known;
  if (length !== end - start) return false;
  for (let i = 0; i < length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}
