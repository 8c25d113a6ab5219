/** Where the seed is put, and where the hash is then found: u64. */
export const RESULT = 32;
/** Where input is put, and how much of it there is room for, in bytes. */
export const INPUT = 64;
export const INPUT_SIZE: number = 320 * 1024;
/** Where {@link Xxh64.chain} may put hashes, and how many there is room for. */
export const OUTPUT: number = INPUT + INPUT_SIZE;
export const OUTPUT_COUNT = 4096;
/** How much memory there is, in bytes. */
export const MEMORY: number = 6 * 65_536;

/**
 * XXH64 (Yann Collet, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md) over a
 * memory of its own: the four accumulators, {@link RESULT}, {@link INPUT}, {@link OUTPUT}.
 * Everything is little-endian. Nothing is left in it between uses, so one serves all.
 */
export interface Xxh64 {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Sets the accumulators from the seed. */
  begin(): void;
  /** Takes the stripes of 32 bytes from `at` up to `end`. */
  stripes(at: number, end: number): void;
  /** Takes the bytes that are left, fewer than 32, and sets the hash of `total` bytes. */
  finish(at: number, end: number, total: number): void;
  /**
   * Hashes `count` entries (type u8, length u32, payload), the first of which is at `at`, each
   * seeded with the hash before it, and writes the hashes from `out` on. 0 when the entries do
   * not just fill the bytes up to `end`, else 1.
   */
  chain(at: number, end: number, count: number, out: number): number;
}
