/** Slabs of payload bytes grow from the first size to the last, in bytes. */
const FIRST_SLAB = 4096;
const LAST_SLAB = 1 << 20;

/**
 * Entries in columns: a few typed arrays and slabs of payload bytes instead of objects, about
 * 29 bytes an entry besides its payload. Indices count from the first entry held.
 *
 * Bytes in a slab are never overwritten, so a view of a payload stays right even after its
 * entry has been cut off or trimmed.
 */
export class EntryTable {
  #head = 0;
  #count = 0;
  #types = new Uint8Array(64);
  #lsns = new Float64Array(64);
  #low = new Uint32Array(64);
  #high = new Uint32Array(64);
  #slab = new Uint32Array(64);
  #offset = new Uint32Array(64);
  #length = new Uint32Array(64);
  /** The slabs from number {@link EntryTable.#firstSlab} on. */
  #slabs: Uint8Array[] = [];
  #firstSlab = 0;
  /** Where the next payload goes in the last slab. */
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

  append(type: number, payload: Uint8Array, lsn: number, low: number, high: number): void {
    const at = this.#head + this.#count;
    if (at === this.#types.length) {
      this.#resize(this.#count * 2);
      this.append(type, payload, lsn, low, high);
      return;
    }
    let slab = this.#slabs.at(-1);
    if (slab === undefined || this.#used + payload.length > slab.length) {
      const next = slab === undefined ? FIRST_SLAB : Math.min(slab.length * 2, LAST_SLAB);
      slab = new Uint8Array(Math.max(next, payload.length));
      this.#slabs.push(slab);
      this.#used = 0;
    }
    slab.set(payload, this.#used);
    this.#types[at] = type;
    this.#lsns[at] = lsn;
    this.#low[at] = low;
    this.#high[at] = high;
    this.#slab[at] = this.#firstSlab + this.#slabs.length - 1;
    this.#offset[at] = this.#used;
    this.#length[at] = payload.length;
    this.#used += payload.length;
    this.#count++;
  }

  /** A table of the entries `from..to` that shares the slabs, and copies the columns. */
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

  /** Drops the entries from `index` on. Slabs that then hold nothing are let go. */
  truncate(index: number): void {
    this.#count = index;
    if (index === 0) {
      this.#firstSlab += this.#slabs.length;
      this.#slabs = [];
    } else {
      const last = this.#slab[this.#head + index - 1]! - this.#firstSlab;
      this.#slabs.length = last + 1;
    }
    // What lies behind in the last slab may still be seen by a reader: leave it alone.
    this.#used = this.#slabs.at(-1)?.length ?? 0;
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

  /** Moves the entries to columns with room for at least `capacity`. */
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
