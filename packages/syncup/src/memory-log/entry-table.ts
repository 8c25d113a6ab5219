/** The sizes of the first slab and of the largest, in bytes. Each is twice the one before. */
const FIRST_SLAB = 4096;
const LAST_SLAB = 1 << 20;
/** A buffer is worth keeping if at least one in this many of its bytes is used. */
const LARGE_PART = 128;
/** Fewer bytes are copied, because an object for their buffer would cost more. */
const LARGE = 512;
/** Type and length, before each payload. */
const HEADER = 5;

/**
 * Entries in columns: a few typed arrays and slabs of bytes instead of objects. Besides its
 * payload, an entry takes about 34 bytes. Index 0 is the first entry held. The slabs hold entries
 * as encoded in messages: type u8, length u32 little-endian, payload.
 *
 * Bytes in a slab are never overwritten, so a view of a payload stays valid after its entry was cut
 * off or trimmed.
 */
export class EntryTable {
  #head = 0;
  #count = 0;
  #types = new Uint8Array(64);
  #lsns = new Float64Array(64);
  #low = new Uint32Array(64);
  #high = new Uint32Array(64);
  #slab = new Uint32Array(64);
  /** Where each payload begins in its slab. */
  #offset = new Uint32Array(64);
  #length = new Uint32Array(64);
  /** The slabs from number `#firstSlab` on. One slab may have several numbers. */
  #slabs: Uint8Array[] = [];
  #firstSlab = 0;
  /** The slab that entries are copied into, and where the next entry goes. */
  #copies: Uint8Array | undefined;
  #used = 0;

  get count(): number {
    return this.#count;
  }

  type(index: number): number {
    return this.#types[this.#head + index]!;
  }

  lsn(index: number): number {
    return this.#lsns[this.#head + index]!;
  }

  low(index: number): number {
    return this.#low[this.#head + index]!;
  }

  high(index: number): number {
    return this.#high[this.#head + index]!;
  }

  payloadLength(index: number): number {
    return this.#length[this.#head + index]!;
  }

  /** A view of the payload. */
  payload(index: number): Uint8Array {
    const at = this.#head + index;
    const slab = this.#slabs[this.#slab[at]! - this.#firstSlab]!;
    const offset = this.#offset[at]!;
    return slab.subarray(offset, offset + this.#length[at]!);
  }

  /**
   * The entries `from..to` (exclusive) as encoded in messages: a view of those that lie
   * together, and the index after them.
   */
  encoded(from: number, to: number): { readonly bytes: Uint8Array; readonly to: number } {
    const first = this.#head + from;
    const number = this.#slab[first]!;
    const start = this.#offset[first]! - HEADER;
    let at = first;
    let end = start;
    while (at < this.#head + to && this.#slab[at] === number && this.#offset[at] === end + HEADER) {
      end = this.#offset[at]! + this.#length[at]!;
      at++;
    }
    const bytes = this.#slabs[number - this.#firstSlab]!.subarray(start, end);
    return { bytes, to: at - this.#head };
  }

  /** Adds an entry and copies its payload. */
  append(type: number, payload: Uint8Array, lsn: number, low: number, high: number): void {
    const { length } = payload;
    const slab = this.#room(HEADER + length);
    const at = this.#used;
    slab[at] = type;
    slab[at + 1] = length;
    slab[at + 2] = length >>> 8;
    slab[at + 3] = length >>> 16;
    slab[at + 4] = length >>> 24;
    slab.set(payload, at + HEADER);
    this.#used = at + HEADER + length;
    this.add(type, at + HEADER, length, lsn, low, high);
  }

  /**
   * Takes the bytes of encoded entries, without a copy where that pays: nobody may change them.
   * Returns where they begin in the last slab. Call {@link EntryTable.add} for each entry then.
   */
  place(bytes: Uint8Array): number {
    const { buffer } = bytes;
    if (bytes.length >= LARGE && bytes.length * LARGE_PART >= buffer.byteLength) {
      if (this.#slabs.at(-1)?.buffer !== buffer) this.#slabs.push(new Uint8Array(buffer));
      return bytes.byteOffset;
    }
    const slab = this.#room(bytes.length);
    const at = this.#used;
    slab.set(bytes, at);
    this.#used = at + bytes.length;
    return at;
  }

  /** Makes the last slab one that can be copied into, with room for `size` more bytes. */
  #room(size: number): Uint8Array {
    let slab = this.#copies;
    if (slab === undefined || this.#used + size > slab.length) {
      const next = slab === undefined ? FIRST_SLAB : Math.min(slab.length * 2, LAST_SLAB);
      slab = new Uint8Array(Math.max(next, size));
      this.#copies = slab;
      this.#used = 0;
    }
    if (this.#slabs.at(-1) !== slab) this.#slabs.push(slab);
    return slab;
  }

  /** Adds an entry whose payload begins at `offset` of the last slab. Positional: a hot path. */
  add(type: number, offset: number, length: number, lsn: number, low: number, high: number): void {
    if (this.#head + this.#count === this.#types.length) this.#resize(this.#count * 2);
    const at = this.#head + this.#count;
    this.#types[at] = type;
    this.#lsns[at] = lsn;
    this.#low[at] = low;
    this.#high[at] = high;
    this.#slab[at] = this.#firstSlab + this.#slabs.length - 1;
    this.#offset[at] = offset;
    this.#length[at] = length;
    this.#count++;
  }

  /** A table of the entries `from..to` (exclusive) that shares the slabs and copies the columns. */
  slice(from: number, to: number): EntryTable {
    const part = new EntryTable();
    const start = this.#head + from;
    const end = this.#head + to;
    part.#count = to - from;
    part.#types = this.#types.slice(start, end);
    part.#lsns = this.#lsns.slice(start, end);
    part.#low = this.#low.slice(start, end);
    part.#high = this.#high.slice(start, end);
    part.#slab = this.#slab.slice(start, end);
    part.#offset = this.#offset.slice(start, end);
    part.#length = this.#length.slice(start, end);
    part.#slabs = this.#slabs.slice();
    part.#firstSlab = this.#firstSlab;
    part.#dropUnusedSlabs();
    return part;
  }

  /** Drops the entries from `index` on, and the slabs after them. */
  truncate(index: number): void {
    this.#count = index;
    if (index === 0) {
      this.#firstSlab += this.#slabs.length;
      this.#slabs = [];
    } else {
      const last = this.#slab[this.#head + index - 1]! - this.#firstSlab;
      this.#slabs.length = last + 1;
    }
    // A reader may still see the bytes after it, so `#used` stays.
  }

  /** Drops the first `count` entries. */
  trim(count: number): void {
    this.#head += count;
    this.#count -= count;
    if (this.#head > this.#count) this.#resize(this.#count);
    this.#dropUnusedSlabs();
  }

  #dropUnusedSlabs(): void {
    if (this.#count === 0) return;
    const unused = this.#slab[this.#head]! - this.#firstSlab;
    if (unused === 0) return;
    this.#slabs.splice(0, unused);
    this.#firstSlab += unused;
  }

  /** Moves the entries to columns with room for at least `capacity` entries. */
  #resize(capacity: number): void {
    const start = this.#head;
    const end = start + this.#count;
    const size = Math.max(64, capacity, this.#count + 1);
    const move = <C extends Uint8Array | Uint32Array | Float64Array>(to: C, from: C): C => {
      to.set(from.subarray(start, end));
      return to;
    };
    this.#types = move(new Uint8Array(size), this.#types);
    this.#lsns = move(new Float64Array(size), this.#lsns);
    this.#low = move(new Uint32Array(size), this.#low);
    this.#high = move(new Uint32Array(size), this.#high);
    this.#slab = move(new Uint32Array(size), this.#slab);
    this.#offset = move(new Uint32Array(size), this.#offset);
    this.#length = move(new Uint32Array(size), this.#length);
    this.#head = 0;
  }
}
