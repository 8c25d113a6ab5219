/** Adds up hashes of records, in any order, into 16 hexadecimal digits. */
export class Digest {
  #low = 0;
  #high = 0;

  add(bytes: Uint8Array): void {
    this.#low = (this.#low + hash(bytes, 0x811c9dc5)) >>> 0;
    this.#high = (this.#high + hash(bytes, 0x9747b28c)) >>> 0;
  }

  toString(): string {
    const hex = (part: number): string => part.toString(16).padStart(8, '0');
    return hex(this.#high) + hex(this.#low);
  }
}

/** FNV-1a with the finalizer of MurmurHash3, so that sums of hashes stay apart. */
function hash(bytes: Uint8Array, seed: number): number {
  let h = seed;
  for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
