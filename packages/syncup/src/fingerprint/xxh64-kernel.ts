/** Where the seed is put and the hash is found: u64. The four accumulators come before it. */
export const RESULT = 32;
/** Where input is put, and how much of it there is room for, in bytes. */
export const INPUT = 64;
export const INPUT_SIZE: number = 320 * 1024;
/** Where {@link Xxh64Kernel.chain} puts hashes, and for how many there is room. */
export const OUTPUT: number = INPUT + INPUT_SIZE;
export const OUTPUT_COUNT = 4096;
/** The size of the whole memory, in bytes. */
export const MEMORY: number = 6 * 65_536;

/**
 * The loops of XXH64 over a memory of their own: accumulators, {@link RESULT}, {@link INPUT},
 * {@link OUTPUT}. All numbers in it are little-endian. Only `xxh64.ts` knows this layout.
 */
export interface Xxh64Kernel {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Sets the accumulators from the seed. */
  begin(): void;
  /** Takes the stripes of 32 bytes from `at` up to `end`. */
  stripes(at: number, end: number): void;
  /** Takes the remaining bytes, fewer than 32, and sets the hash of `total` bytes. */
  finish(at: number, end: number, total: number): void;
  /**
   * Hashes `count` entries (type u8, length u32, payload) from `at` on, each with the hash before
   * it as the seed, and writes the hashes from `out` on. Returns 1, or 0 if the entries do not end
   * exactly at `end`.
   */
  chain(at: number, end: number, count: number, out: number): number;
}
