import { crc32 } from 'node:zlib';
import { SyncupError } from '@shoal/syncup';
import type { Position } from './position.ts';

/** `SLB1` read as a little-endian u32. */
export const BLOCK_MAGIC = 0x31424c53;
/** What comes before the entries of a block, in bytes; see {@link Block}. */
export const BLOCK_HEADER = 64;
/** What comes before the payload of an entry: its fingerprint, its type and its length. */
export const ENTRY_HEADER = 13;
/** Where, in an entry, stands what stands in messages: its type, its length and its payload. */
export const ENCODED = 8;

/** What each type of entry means, as bits: {@link SYNC} and {@link TXN_END}. */
export type KindFlags = Uint8Array;
export const SYNC = 1;
export const TXN_END = 2;

/**
 * Consecutive entries as they are stored, all little-endian: the CRC-32 of all that follows,
 * {@link BLOCK_MAGIC}, the generation and the number of entries as u32; the position before the
 * first entry (VLSN and LSN as f64, fingerprint as two u32, last sync point, last transaction
 * end and number of transaction ends as f64); then the entries, each a fingerprint as two u32, a
 * type u8, a length u32, and the payload.
 */
export class Block {
  readonly bytes: Uint8Array;
  readonly generation: number;
  readonly count: number;
  /** What the first entry is chained to. */
  readonly start: Position;
  readonly #view: DataView;
  /** Where each entry begins, and where the last ends. */
  readonly #offsets: Uint32Array;

  /**
   * Takes the bytes as its own. Throws `corrupt` when they are no block.
   * @param verify false for bytes that were never stored
   */
  constructor(bytes: Uint8Array, verify = true) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const length = bytes.length;
    if (length < BLOCK_HEADER) throw damaged('it is too short');
    if (verify && crc32(bytes.subarray(4)) !== view.getUint32(0, true)) {
      throw damaged('its checksum is wrong');
    }
    if (view.getUint32(4, true) !== BLOCK_MAGIC) throw damaged('it has other first bytes');
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
      throw damaged(`it cannot have ${this.count} entries`);
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

  /** The VLSN of the first and the last entry. */
  get first(): number {
    return this.start.last + 1;
  }

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

  /** An entry as it stands in messages: a view. */
  encoded(index: number): Uint8Array {
    return this.bytes.subarray(this.#offsets[index]! + ENCODED, this.#offsets[index + 1]!);
  }

  /** Writes the entries `from..to` as they stand in messages, and returns where they end. */
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

  /** How many bytes the entries `from..to` take here. */
  sizeOf(from: number, to: number): number {
    return this.#offsets[to]! - this.#offsets[from]!;
  }

  /** An entry adds 5 bytes and its payload to the LSN; it takes 8 more here. */
  lsn(index: number): number {
    return this.start.lsn + this.#offsets[index]! - BLOCK_HEADER - 8 * index;
  }

  /** The position behind the first `count` entries. O(count). */
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

/** Memory that is overwritten before it is read. */
export function unfilled(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer as ArrayBuffer);
}

function damaged(how: string): SyncupError {
  return new SyncupError('corrupt', `a stored block of entries is damaged: ${how}`);
}
