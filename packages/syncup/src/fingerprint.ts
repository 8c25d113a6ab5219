import { crc32 } from '@shoal/wire';
import { Hash64 } from './hash64.ts';

/**
 * Computes the fingerprint of one entry after another. Results are two u32 in fields, so that a
 * log of millions of entries makes no bigint for them.
 */
export interface Fingerprinter {
  readonly chained: boolean;
  /** The fingerprint of the entry last taken; before the first one, what it is chained to. */
  low: number;
  high: number;
  /** Takes the next entry. */
  next(type: number, payload: Uint8Array): void;
}

/**
 * Shoal's fingerprint: {@link Hash64} of a header of 16 bytes (the previous fingerprint u64, the
 * length of the payload u32, the type u32, all little-endian) and the payload. The fingerprint
 * before the first entry is 0. Since each covers the one before, two logs that agree at one
 * VLSN agree below it.
 */
export class ChainedFingerprint implements Fingerprinter {
  readonly chained = true;
  low = 0;
  high = 0;
  readonly #hash = new Hash64();

  next(type: number, payload: Uint8Array): void {
    const hash = this.#hash;
    hash.reset();
    hash.block(this.low, this.high, payload.length, type);
    hash.update(payload);
    hash.finish();
    this.low = hash.low;
    this.high = hash.high;
  }
}

/** Noxu's fingerprint: the CRC-32 of the payload, xor the type (syncup_reader.rs). Unchained. */
export class NoxuFingerprint implements Fingerprinter {
  readonly chained = false;
  low = 0;
  high = 0;

  next(type: number, payload: Uint8Array): void {
    this.low = (crc32(payload) ^ type) >>> 0;
    this.high = 0;
  }
}
