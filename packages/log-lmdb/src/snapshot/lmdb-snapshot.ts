import { type Snapshot, SyncupError } from '@shoal/syncup';
import {
  ENTRY_OVERHEAD,
  encodeSnapshotHeader,
  encodeSnapshotTrailer,
  SNAPSHOT_HEADER,
  SNAPSHOT_PIECE,
  SNAPSHOT_TRAILER,
  type SnapshotHeader,
  snapshotId,
} from '@shoal/syncup/internal';
import type { Entries } from '../blocks/entries.ts';
import type { Position } from '../blocks/position.ts';

/** The longest piece that is handed on, in bytes. */
const MAX_PIECE = 1024 * 1024;

/** A copy of a log as bytes, read from its blocks while it is sent. */
export class LmdbSnapshot implements Snapshot {
  readonly id: bigint;
  readonly size: number;
  readonly last: bigint;
  readonly #header: SnapshotHeader;
  readonly #trailer: Uint8Array;
  readonly #entries: Entries;
  readonly #release: () => void;
  #closed = false;

  constructor(header: SnapshotHeader, end: Position, entries: Entries, release: () => void) {
    const fingerprint = (BigInt(end.high) << 32n) | BigInt(end.low);
    this.#header = header;
    this.#trailer = encodeSnapshotTrailer(fingerprint);
    this.#entries = entries;
    this.#release = release;
    this.last = BigInt(header.last);
    this.size = SNAPSHOT_HEADER + end.lsn - header.lsn + SNAPSHOT_TRAILER;
    this.id = snapshotId(header.first, this.size, fingerprint);
  }

  /**
   * The bytes from `offset` on. Throws `argument` for an offset beyond the end, `closed` when
   * the snapshot or its log is closed, `corrupt`.
   */
  async *chunks(offset = 0): AsyncGenerator<Uint8Array, void, undefined> {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset > this.size) {
      throw new SyncupError('argument', `an offset of 0..${this.size}, not ${offset}`);
    }
    this.#checkOpen();
    let position = offset;
    if (position < SNAPSHOT_HEADER) {
      yield encodeSnapshotHeader(this.#header).subarray(position);
      position = SNAPSHOT_HEADER;
    }
    const end = this.size - SNAPSHOT_TRAILER;
    let vlsn = position < end ? this.#vlsnAt(position) : this.#header.last + 1;
    while (position < end) {
      this.#checkOpen();
      const batch = this.#entries.batch(vlsn, this.#header.last, 4096, SNAPSHOT_PIECE);
      const start = this.#positionOf(vlsn);
      let length = 0;
      for (const { payload } of batch) length += ENTRY_OVERHEAD + payload.length;
      const bytes = new Uint8Array(length);
      const view = new DataView(bytes.buffer);
      let at = 0;
      for (const { type, payload } of batch) {
        view.setUint8(at, type);
        view.setUint32(at + 1, payload.length, true);
        bytes.set(payload, at + ENTRY_OVERHEAD);
        at += ENTRY_OVERHEAD + payload.length;
      }
      for (let from = position - start; from < length; from += MAX_PIECE) {
        yield bytes.subarray(from, from + MAX_PIECE);
      }
      vlsn += batch.length;
      position = start + length;
    }
    if (position < this.size) yield this.#trailer.subarray(position - end);
  }

  #checkOpen(): void {
    if (this.#closed) throw new SyncupError('closed', 'this snapshot is closed');
  }

  /** Where an entry begins in the snapshot. */
  #positionOf(vlsn: number): number {
    const block = this.#entries.block(vlsn);
    return SNAPSHOT_HEADER + block.lsn(vlsn - block.first) - this.#header.lsn;
  }

  /** The entry that holds the byte at `position`. */
  #vlsnAt(position: number): number {
    let low = this.#header.first;
    let high = this.#header.last;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#positionOf(middle) <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#release();
  }
}
