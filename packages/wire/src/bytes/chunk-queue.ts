import { u32At } from './little-endian.ts';

/** Smaller chunks are copied into a shared buffer, so that one-byte chunks do not cost an object each. */
const GATHER_BELOW = 1024;
/** The size of such a buffer, in bytes. */
const GATHER_SIZE = 4096;
/** Chunks that have been taken leave the array when there are at least this many of them. */
const COMPACT_AT = 64;

const EMPTY: Uint8Array = /* @__PURE__ */ new Uint8Array(0);

/** The bytes of a stream that have arrived and have not been taken, in the chunks they arrived in. */
export class ChunkQueue {
  /** The chunks with bytes that have not been taken are those from `#first` on. */
  readonly #chunks: Uint8Array[] = [];
  #first = 0;
  /** The offset of the next byte in the first of them. */
  #at = 0;
  #length = 0;
  /** The buffer that the last chunk is a part of, if small chunks were gathered in it. */
  #gathered: Uint8Array = EMPTY;

  /** How many bytes are in the queue. */
  get length(): number {
    return this.#length;
  }

  /** Appends bytes. They belong to the queue from then on. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.#chunks.length > 0 && chunk.length < GATHER_BELOW) this.#gather(chunk);
    else {
      this.#chunks.push(chunk);
      this.#gathered = EMPTY;
    }
    this.#length += chunk.length;
  }

  /** The first 4 bytes as a little-endian u32. They stay, and must be there. */
  peekU32(): number {
    let index = this.#first;
    let chunk = this.#chunks[index]!;
    let at = this.#at;
    if (at + 4 <= chunk.length) return u32At(chunk, at);
    let value = 0;
    for (let shift = 0; shift < 32; shift += 8) {
      if (at === chunk.length) {
        chunk = this.#chunks[++index]!;
        at = 0;
      }
      value |= chunk[at++]! << shift;
    }
    return value >>> 0;
  }

  /** Takes `count` bytes, which must be there: a view if they lie within one chunk, else a copy. */
  take(count: number): Uint8Array {
    if (count === 0) return EMPTY;
    const chunk = this.#chunks[this.#first]!;
    if (this.#at + count > chunk.length) {
      const bytes = new Uint8Array(count);
      this.takeInto(bytes, count);
      return bytes;
    }
    const start = this.#at;
    this.#length -= count;
    this.#at = start + count;
    if (this.#at === chunk.length) {
      this.#dropFirst();
      this.#at = 0;
    }
    // Not `subarray`: that of a Node Buffer is a Buffer, whose `slice` does not copy.
    return new Uint8Array(chunk.buffer, chunk.byteOffset + start, count);
  }

  /** Moves `count` bytes, which must be there, to the start of `target`. */
  takeInto(target: Uint8Array, count: number): void {
    for (let filled = 0; filled < count; ) {
      const chunk = this.#chunks[this.#first]!;
      const part = Math.min(chunk.length - this.#at, count - filled);
      target.set(chunk.subarray(this.#at, this.#at + part), filled);
      filled += part;
      this.skip(part);
    }
  }

  /** Drops `count` bytes, which must be there. */
  skip(count: number): void {
    this.#length -= count;
    let at = this.#at + count;
    while (this.#first < this.#chunks.length && at >= this.#chunks[this.#first]!.length) {
      at -= this.#chunks[this.#first]!.length;
      this.#dropFirst();
    }
    this.#at = at;
  }

  clear(): void {
    this.#chunks.length = 0;
    this.#first = 0;
    this.#at = 0;
    this.#length = 0;
    this.#gathered = EMPTY;
  }

  #dropFirst(): void {
    this.#chunks[this.#first++] = EMPTY;
    if (this.#first === this.#chunks.length) {
      this.#chunks.length = 0;
      this.#first = 0;
      this.#gathered = EMPTY;
    } else if (this.#first >= COMPACT_AT && this.#first * 2 >= this.#chunks.length) {
      this.#chunks.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /** Appends a small chunk to the last one, if that was gathered and its buffer has room. */
  #gather(chunk: Uint8Array): void {
    const buffer = this.#gathered;
    const last = this.#chunks.length - 1;
    const used = this.#chunks[last]!.length;
    if (used + chunk.length <= buffer.length) {
      buffer.set(chunk, used);
      this.#chunks[last] = buffer.subarray(0, used + chunk.length);
    } else {
      this.#gathered = new Uint8Array(GATHER_SIZE);
      this.#gathered.set(chunk);
      this.#chunks.push(this.#gathered.subarray(0, chunk.length));
    }
  }
}
