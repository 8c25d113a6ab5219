import { crc32 } from 'node:zlib';
import { SyncupError } from '@shoal/syncup';
import type { Position } from './position.ts';

/** `SLB1` read as a little-endian u32. */
export const BLOCK_MAGIC = 0x31424c53;
/** The size of a block's header, in bytes. See {@link Block}. */
export const BLOCK_HEADER = 64;
/** What an entry takes besides its payload, in bytes: fingerprint, type and length. */
export const ENTRY_HEADER = 13;
/** Where the part of an entry begins that messages carry too: type, length and payload. */
export const ENCODED = 8;

/** For each type of entry, the bits {@link SYNC} and {@link TXN_END}. */
export type KindFlags = Uint8Array;
export const SYNC = 1;
export const TXN_END = 2;

/**
 * Consecutive entries as they are stored. All numbers are little-endian:
 *
 * - u32: the CRC-32 of the rest; {@link BLOCK_MAGIC}; the generation; the number of entries
 * - the position before the first entry: VLSN f64, LSN f64, fingerprint as low and high u32, last
 *   sync point f64, last transaction end f64, number of transaction ends f64
 * - each entry: fingerprint as low and high u32, type u8, length u32, payload
 */
export class Block {
  readonly bytes: Uint8Array;
  readonly generation: number;
  readonly count: number;
  /** The position before the first entry. */
  readonly start: Position;
  readonly #view: DataView;
  /** Where each entry begins, and where the last ends. */
  readonly #offsets: Uint32Array;

  /**
   * Keeps the bytes. Throws `corrupt` if they are not a block. Does not verify the checksum of bytes
   * that were never stored.
   */
  constructor(bytes: Uint8Array, origin: 'stored' | 'new') {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const length = bytes.length;
    if (length < BLOCK_HEADER) throw damaged('it is too short');
    if (origin === 'stored' && crc32(bytes.subarray(4)) !== view.getUint32(0, true)) {
      throw damaged('its checksum is wrong');
    }
    if (view.getUint32(4, true) !== BLOCK_MAGIC) throw damaged('it does not begin like a block');
    this.bytes = bytes;
    this.#view = view;
    this.generation = view.getUint32(8, true);
    this.count = view.getUint32(12, true);
    this.start = {
      last: view.getFloat64(16, true),
      lsn: view.getFloat64(24, true),
      low: view.getUint32(32, true),
      high: view.getUint32(36, true),
      lastSync: view.getFloat64(40, true),
      lastTxnEnd: view.getFloat64(48, true),
      txnEnds: view.getFloat64(56, true),
    };
    if (this.count < 1 || this.count > (length - BLOCK_HEADER) / ENTRY_HEADER) {
      throw damaged(`it is too short for ${this.count} entries`);
    }
    const offsets = new Uint32Array(this.count + 1);
    let at = BLOCK_HEADER;
    for (let i = 0; i < this.count; i++) {
      offsets[i] = at;
      if (at + ENTRY_HEADER > length) throw damaged('an entry is cut short');
      at += ENTRY_HEADER + view.getUint32(at + 9, true);
    }
    offsets[this.count] = at;
    if (at !== length) throw damaged('its entries do not fill it');
    this.#offsets = offsets;
  }

  /** The VLSN of the first entry. */
  get first(): number {
    return this.start.last + 1;
  }

  /** The VLSN of the last entry. */
  get last(): number {
    return this.start.last + this.count;
  }

  type(index: number): number {
    return this.bytes[this.#offsets[index]! + ENCODED]!;
  }

  low(index: number): number {
    return this.#view.getUint32(this.#offsets[index]!, true);
  }

  high(index: number): number {
    return this.#view.getUint32(this.#offsets[index]! + 4, true);
  }

  /** A view of the payload. */
  payload(index: number): Uint8Array {
    return this.bytes.subarray(this.#offsets[index]! + ENTRY_HEADER, this.#offsets[index + 1]!);
  }

  payloadLength(index: number): number {
    return this.#offsets[index + 1]! - this.#offsets[index]! - ENTRY_HEADER;
  }

  /** An entry as encoded in messages: a view. */
  encoded(index: number): Uint8Array {
    return this.bytes.subarray(this.#offsets[index]! + ENCODED, this.#offsets[index + 1]!);
  }

  /** Writes the entries `from..to` (exclusive) as encoded in messages. Returns their end. */
  encodeInto(target: Uint8Array, at: number, from: number, to: number): number {
    const offsets = this.#offsets;
    if (to - from === 1) {
      const entry = this.encoded(from);
      target.set(entry, at);
      return at + entry.length;
    }
    target.set(this.bytes.subarray(offsets[from]!, offsets[to]!), at);
    const shift = at - offsets[from]!;
    let end = at;
    for (let i = from; i < to; i++) {
      target.copyWithin(end, offsets[i]! + ENCODED + shift, offsets[i + 1]! + shift);
      end += offsets[i + 1]! - offsets[i]! - ENCODED;
    }
    return end;
  }

  /** How many bytes the entries `from..to` (exclusive) take in the block. */
  sizeOf(from: number, to: number): number {
    return this.#offsets[to]! - this.#offsets[from]!;
  }

  /** An entry adds 5 bytes and its payload to the LSN. In the block it takes 8 bytes more. */
  lsn(index: number): number {
    return this.start.lsn + this.#offsets[index]! - BLOCK_HEADER - 8 * index;
  }

  /** The position after the first `count` entries. O(count). */
  positionAt(count: number, kinds: KindFlags): Position {
    const { last } = this.start;
    let { lastSync, lastTxnEnd, txnEnds } = this.start;
    for (let i = 0; i < count; i++) {
      const flags = kinds[this.type(i)]!;
      if ((flags & SYNC) !== 0) lastSync = last + i + 1;
      if ((flags & TXN_END) !== 0) {
        lastTxnEnd = last + i + 1;
        txnEnds++;
      }
    }
    return {
      last: last + count,
      lsn: this.lsn(count),
      low: count === 0 ? this.start.low : this.low(count - 1),
      high: count === 0 ? this.start.high : this.high(count - 1),
      lastSync,
      lastTxnEnd,
      txnEnds,
    };
  }
}

/** Memory with arbitrary content, to be overwritten. */
export function unfilled(size: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
}

function damaged(how: string): SyncupError {
  return new SyncupError('corrupt', `a stored block of entries is damaged: ${how}`);
}
