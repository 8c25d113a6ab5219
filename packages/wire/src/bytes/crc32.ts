/** A function that computes what {@link crc32} does. Node's `zlib.crc32` is one, and it is faster. */
export type Crc32 = (bytes: Uint8Array, initial?: number) => number;

/** One step of the bitwise algorithm: the CRC of a byte, or of the low byte of an earlier CRC. */
function crcOfByte(byte: number): number {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
}

/** Eight tables of 256: entry `k * 256 + b` is the CRC of byte `b` followed by `k` zero bytes. */
function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) tables[byte] = crcOfByte(byte);
  for (let at = 256; at < tables.length; at++) {
    const shorter = tables[at - 256]!;
    tables[at] = (shorter >>> 8) ^ tables[shorter & 0xff]!;
  }
  return tables;
}

const TABLES: Int32Array = /* @__PURE__ */ makeTables();

/**
 * The CRC-32 of IEEE 802.3 (reflected, polynomial 0xEDB88320), which gzip, PNG and Rust's
 * `crc32fast` also compute: 0..4,294,967,295.
 *
 * To compute it piece by piece, pass the result for the preceding bytes as `initial`:
 * `crc32(b, crc32(a))` is the CRC of `a` followed by `b`.
 *
 * The algorithm is slice-by-8, from Kounavis and Berry, "A Systematic Approach to Building High
 * Performance Software-based CRC Generators".
 */
export function crc32(bytes: Uint8Array, initial = 0): number {
  const length = bytes.length;
  let crc = ~initial;
  let at = 0;
  for (const last = length - 8; at <= last; at += 8) {
    const x =
      crc ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
    crc =
      TABLES[1792 + (x & 0xff)]! ^
      TABLES[1536 + ((x >>> 8) & 0xff)]! ^
      TABLES[1280 + ((x >>> 16) & 0xff)]! ^
      TABLES[1024 + (x >>> 24)]! ^
      TABLES[768 + bytes[at + 4]!]! ^
      TABLES[512 + bytes[at + 5]!]! ^
      TABLES[256 + bytes[at + 6]!]! ^
      TABLES[bytes[at + 7]!]!;
  }
  for (; at < length; at++) crc = TABLES[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** The same CRC-32 without tables, which would only enlarge a bundle that checks a few bytes. */
export function smallCrc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) crc = crcOfByte((crc ^ byte) & 0xff) ^ (crc >>> 8);
  return ~crc >>> 0;
}
