import { crc32 } from '@shoal/wire';
import { INPUT, INPUT_SIZE, OUTPUT, OUTPUT_COUNT, RESULT } from './xxh64.ts';
import { xxh64 } from './xxh64-shared.ts';

/** Type and length, before the payload of each entry in messages and snapshots. */
const HEADER = 5;

const LITTLE_ENDIAN: boolean = /* @__PURE__ */ isLittleEndian();

function isLittleEndian(): boolean {
  return new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
}

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
 * Shoal's fingerprint: XXH64 of an entry as it stands in messages and snapshots (type u8, length
 * u32 little-endian, payload), with the previous fingerprint as the seed. The one before the
 * first entry is 0. Since each covers the one before, two logs that agree at one VLSN agree
 * below it.
 */
export class ChainedFingerprint implements Fingerprinter {
  readonly chained = true;
  low = 0;
  high = 0;

  next(type: number, payload: Uint8Array): void {
    const { bytes, view, begin, chain, stripes, finish } = xxh64();
    const size = HEADER + payload.length;
    bytes[INPUT] = type;
    view.setUint32(INPUT + 1, payload.length, true);
    this.#seed(view);
    if (size <= INPUT_SIZE) {
      bytes.set(payload, INPUT + HEADER);
      chain(INPUT, INPUT + size, 1, OUTPUT);
    } else {
      begin();
      let held = HEADER;
      for (let at = 0; at < payload.length; ) {
        const piece = payload.subarray(at, at + INPUT_SIZE - held);
        bytes.set(piece, INPUT + held);
        at += piece.length;
        const end = held + piece.length;
        held = end % 32;
        stripes(INPUT, INPUT + end - held);
        bytes.copyWithin(INPUT, INPUT + end - held, INPUT + end);
      }
      finish(INPUT, INPUT + held, size);
    }
    this.#take(view);
  }

  /**
   * Takes `count` entries as they stand in a message, one behind the other, and returns the
   * fingerprint before them and that of each, all as their low and their high u32; undefined
   * when they do not just fill the bytes.
   */
  all(encoded: Uint8Array, count: number): Uint32Array | undefined {
    if (count > encoded.length / HEADER) return undefined;
    const hashes = new Uint32Array(2 * count + 2);
    hashes[0] = this.low;
    hashes[1] = this.high;
    const { bytes, view, chain } = xxh64();
    if (encoded.length > INPUT_SIZE || count > OUTPUT_COUNT) {
      return this.#oneByOne(encoded, count, hashes) ? hashes : undefined;
    }
    bytes.set(encoded, INPUT);
    this.#seed(view);
    if (chain(INPUT, INPUT + encoded.length, count, OUTPUT) === 0) return undefined;
    if (LITTLE_ENDIAN) hashes.set(new Uint32Array(view.buffer, OUTPUT, 2 * count), 2);
    else for (let i = 0; i < 2 * count; i++) hashes[i + 2] = view.getUint32(OUTPUT + 4 * i, true);
    this.#take(view);
    return hashes;
  }

  #oneByOne(encoded: Uint8Array, count: number, hashes: Uint32Array): boolean {
    const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength);
    let at = 0;
    for (let i = 1; i <= count; i++) {
      if (encoded.length - at < HEADER) return false;
      const end = at + HEADER + view.getUint32(at + 1, true);
      if (end > encoded.length) return false;
      this.next(encoded[at]!, encoded.subarray(at + HEADER, end));
      hashes[2 * i] = this.low;
      hashes[2 * i + 1] = this.high;
      at = end;
    }
    return at === encoded.length;
  }

  #seed(view: DataView): void {
    view.setUint32(RESULT, this.low, true);
    view.setUint32(RESULT + 4, this.high, true);
  }

  #take(view: DataView): void {
    this.low = view.getUint32(RESULT, true);
    this.high = view.getUint32(RESULT + 4, true);
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
