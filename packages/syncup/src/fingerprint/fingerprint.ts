import { crc32 } from '@shoal/wire';
import { u64 } from './u64.ts';
import { type U64Halves, xxh64 } from './xxh64.ts';

/**
 * Computes the fingerprints of a log, entry by entry. `low` and `high` are the two u32 of the last
 * entry's fingerprint; before the first entry, of what it is chained to.
 */
export interface Fingerprinter extends U64Halves {
  /** Whether each fingerprint covers the entries before it. */
  readonly chained: boolean;
  /** Takes the next entry. */
  next(type: number, payload: Uint8Array): void;
}

/**
 * Shoal's fingerprint: XXH64 of an entry as encoded in messages and snapshots (type u8, length
 * u32 little-endian, payload), with the previous fingerprint as the seed; 0 before the first entry.
 * Since each fingerprint covers the one before, logs that agree at one VLSN agree below it.
 */
export class ChainedFingerprint implements Fingerprinter {
  readonly chained = true;
  low = 0;
  high = 0;

  /** The last fingerprint as a u64. Set it to continue from another entry. */
  get value(): bigint {
    return u64(this.low, this.high);
  }

  set value(fingerprint: bigint) {
    this.low = Number(BigInt.asUintN(32, fingerprint));
    this.high = Number(fingerprint >> 32n);
  }

  next(type: number, payload: Uint8Array): void {
    xxh64().hashEntry(this, type, payload);
  }

  /**
   * Takes `count` entries as they are encoded in a message, in order. Returns the
   * fingerprint before them and that of each, every one as its low and high u32. Undefined if the
   * bytes are not exactly `count` entries; the fingerprint is then no longer of use.
   */
  all(encoded: Uint8Array, count: number): Uint32Array | undefined {
    return xxh64().chain(this, encoded, count);
  }
}

/** How a log computes fingerprints. */
export type FingerprintKind = 'chained' | 'noxu';

/** A fingerprinter of this kind, before the first entry. */
export function newFingerprinter(kind: FingerprintKind = 'chained'): Fingerprinter {
  return kind === 'noxu' ? new NoxuFingerprint() : new ChainedFingerprint();
}

/** Noxu's fingerprint: the CRC-32 of the payload xor the type (syncup_reader.rs). Not chained. */
export class NoxuFingerprint implements Fingerprinter {
  readonly chained = false;
  low = 0;
  high = 0;

  next(type: number, payload: Uint8Array): void {
    this.low = (crc32(payload) ^ type) >>> 0;
    this.high = 0;
  }
}
