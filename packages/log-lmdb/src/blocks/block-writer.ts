import { crc32 } from 'node:zlib';
import type { VerifiedEntries } from '@shoal/syncup';
import type { Fingerprinter } from '@shoal/syncup/internal';
import { ENTRY_OVERHEAD } from '@shoal/syncup/internal';
import {
  BLOCK_HEADER,
  BLOCK_MAGIC,
  Block,
  ENCODED,
  ENTRY_HEADER,
  type KindFlags,
  SYNC,
  TXN_END,
  unfilled,
} from './block.ts';
import type { Position } from './position.ts';

/** The size of a full block, in bytes: 16 LMDB pages less their header. */
const TARGET = 65_536 - 24;
const SMALL = 1024;

/** What a {@link BlockWriter} starts from. */
export interface BlockWriterOptions {
  readonly generation: number;
  /** The position after which the first entry goes. */
  readonly from: Position;
  readonly kinds: KindFlags;
  /** Its fingerprint is set to that of `from`. */
  readonly fingerprinter: Fingerprinter;
}

/** Makes blocks of consecutive entries. */
export class BlockWriter {
  readonly generation: number;
  readonly #kinds: KindFlags;
  readonly #fingerprinter: Fingerprinter;
  #last: number;
  #lsn: number;
  #lastSync: number;
  #lastTxnEnd: number;
  #txnEnds: number;
  /** The block under construction: no entries in it while `#count` is 0. */
  #bytes: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #used = 0;
  #count = 0;
  /** Complete blocks that have not been taken. */
  #sealed: Block[] = [];

  constructor({ generation, from, kinds, fingerprinter }: BlockWriterOptions) {
    this.generation = generation;
    this.#kinds = kinds;
    this.#fingerprinter = fingerprinter;
    fingerprinter.low = from.low;
    fingerprinter.high = from.high;
    this.#last = from.last;
    this.#lsn = from.lsn;
    this.#lastSync = from.lastSync;
    this.#lastTxnEnd = from.lastTxnEnd;
    this.#txnEnds = from.txnEnds;
  }

  /** The position after the last entry. */
  get position(): Position {
    return {
      last: this.#last,
      lsn: this.#lsn,
      low: this.#fingerprinter.low,
      high: this.#fingerprinter.high,
      lastSync: this.#lastSync,
      lastTxnEnd: this.#lastTxnEnd,
      txnEnds: this.#txnEnds,
    };
  }

  /**
   * Adds an entry and copies its payload. `hint`: how many bytes of entries will follow at least,
   * including this one.
   */
  add(type: number, payload: Uint8Array, hint: number = payload.length): void {
    const at = this.#reserve(ENTRY_HEADER + payload.length, hint);
    this.#fingerprinter.next(type, payload);
    this.#bytes[at + ENCODED] = type;
    this.#view.setUint32(at + ENCODED + 1, payload.length, true);
    this.#bytes.set(payload, at + ENTRY_HEADER);
    this.#added(at, type, payload.length);
  }

  /** Adds entries whose fingerprints are known and copies them. */
  addVerified({ count, bytes, fingerprints }: VerifiedEntries): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let from = 0;
    for (let i = 1; i <= count; i++) {
      const length = view.getUint32(from + 1, true);
      const to = from + ENTRY_OVERHEAD + length;
      const size = ENCODED + to - from;
      const at = this.#reserve(size, bytes.length - from + (count - i + 1) * ENCODED);
      this.#bytes.set(bytes.subarray(from, to), at + ENCODED);
      this.#fingerprinter.low = fingerprints[2 * i]!;
      this.#fingerprinter.high = fingerprints[2 * i + 1]!;
      this.#added(at, bytes[from]!, length);
      from = to;
    }
  }

  /** Makes room for an entry. Returns where it goes. */
  #reserve(size: number, hint: number): number {
    if (this.#count > 0 && this.#used + size > TARGET) this.seal();
    if (this.#count === 0) this.#begin(Math.max(size, Math.min(TARGET - BLOCK_HEADER, hint)));
    else if (this.#used + size > this.#bytes.length) this.#grow(this.#used + size);
    return this.#used;
  }

  /** Completes the entry at `at` with its fingerprint, which is the fingerprinter's. */
  #added(at: number, type: number, length: number): void {
    this.#view.setUint32(at, this.#fingerprinter.low, true);
    this.#view.setUint32(at + 4, this.#fingerprinter.high, true);
    this.#used += ENTRY_HEADER + length;
    this.#count++;
    this.#last++;
    this.#lsn += ENTRY_OVERHEAD + length;
    const flags = this.#kinds[type]!;
    if ((flags & SYNC) !== 0) this.#lastSync = this.#last;
    if ((flags & TXN_END) !== 0) {
      this.#lastTxnEnd = this.#last;
      this.#txnEnds++;
    }
  }

  /** Completes the block under construction. */
  seal(): void {
    if (this.#count === 0) return;
    this.#view.setUint32(12, this.#count, true);
    const bytes = this.#bytes.subarray(0, this.#used);
    this.#view.setUint32(0, crc32(bytes.subarray(4)), true);
    this.#sealed.push(new Block(bytes, 'new'));
    this.#count = 0;
  }

  /** Takes the complete blocks. */
  take(): Block[] {
    const blocks = this.#sealed;
    this.#sealed = [];
    return blocks;
  }

  #begin(size: number): void {
    this.#bytes = unfilled(BLOCK_HEADER + Math.max(SMALL, size));
    const view = new DataView(this.#bytes.buffer);
    view.setUint32(4, BLOCK_MAGIC, true);
    view.setUint32(8, this.generation, true);
    view.setFloat64(16, this.#last, true);
    view.setFloat64(24, this.#lsn, true);
    view.setUint32(32, this.#fingerprinter.low, true);
    view.setUint32(36, this.#fingerprinter.high, true);
    view.setFloat64(40, this.#lastSync, true);
    view.setFloat64(48, this.#lastTxnEnd, true);
    view.setFloat64(56, this.#txnEnds, true);
    this.#view = view;
    this.#used = BLOCK_HEADER;
  }

  #grow(needed: number): void {
    const bigger = unfilled(Math.max(needed, Math.min(TARGET, this.#bytes.length * 2)));
    bigger.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = bigger;
    this.#view = new DataView(bigger.buffer);
  }
}
