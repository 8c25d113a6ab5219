/** The sum of the hashes of records, which may come in any order, as 16 hexadecimal digits. */
export function digestOf(records: Iterable<Uint8Array>): string {
  let low = 0;
  let high = 0;
  for (const bytes of records) {
    low = (low + hash(bytes, 0x811c9dc5)) >>> 0;
    high = (high + hash(bytes, 0x9747b28c)) >>> 0;
  }
  const hex = (part: number): string => part.toString(16).padStart(8, '0');
  return hex(high) + hex(low);
}

/** FNV-1a with the finalizer of MurmurHash3, which keeps sums of hashes apart. */
function hash(bytes: Uint8Array, seed: number): number {
  let h = seed;
  for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
