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
  u64,
} from '@shoal/syncup/internal';
import type { Entries } from '../blocks/entries.ts';
import type { Position } from '../blocks/position.ts';

/** The longest chunk, in bytes. */
const MAX_CHUNK = 1024 * 1024;

/** What an {@link LmdbSnapshot} is made of. */
export interface LmdbSnapshotParts {
  readonly header: SnapshotHeader;
  /** The position after the last entry. */
  readonly end: Position;
  readonly entries: Entries;
  /** Releases the blocks. */
  readonly release: () => void;
}

/** A copy of a log as bytes, which are read from its blocks while they are sent. */
export class LmdbSnapshot implements Snapshot {
  readonly id: bigint;
  readonly size: number;
  readonly last: bigint;
  readonly #header: SnapshotHeader;
  readonly #trailer: Uint8Array;
  readonly #entries: Entries;
  readonly #release: () => void;
  #closed = false;

  constructor({ header, end, entries, release }: LmdbSnapshotParts) {
    const fingerprint = u64(end.low, end.high);
    this.#header = header;
    this.#trailer = encodeSnapshotTrailer(fingerprint);
    this.#entries = entries;
    this.#release = release;
    this.last = BigInt(header.last);
    this.size = SNAPSHOT_HEADER + end.lsn - header.lsn + SNAPSHOT_TRAILER;
    this.id = snapshotId(header.first, this.size, fingerprint);
  }

  /**
   * The bytes from `offset` on. Throws `argument` if the offset is beyond the end, `closed` if the
   * snapshot or its log is closed, or `corrupt`.
   */
  async *chunks(offset = 0): AsyncGenerator<Uint8Array, void, undefined> {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset > this.size) {
      throw new SyncupError('argument', `offset must be 0..${this.size}, not ${offset}`);
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
      for (let from = position - start; from < length; from += MAX_CHUNK) {
        yield bytes.subarray(from, from + MAX_CHUNK);
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
