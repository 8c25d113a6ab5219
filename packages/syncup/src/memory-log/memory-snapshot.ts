import { ByteWriter } from '@shoal/wire';
import { writeU32le } from '@shoal/wire/internal';
import { SyncupError } from '../errors.ts';
import type { Snapshot } from '../log/log-store.ts';
import {
  ENTRY_OVERHEAD,
  encodeSnapshotHeader,
  encodeSnapshotTrailer,
  SNAPSHOT_HEADER,
  SNAPSHOT_PIECE,
  SNAPSHOT_TRAILER,
  type SnapshotHeader,
  snapshotId,
} from '../log/snapshot-format.ts';
import type { EntryTable } from './entry-table.ts';

/** A copy of a table as bytes. See "Snapshots" in docs/wire-protocol.md. */
export class MemorySnapshot implements Snapshot {
  readonly id: bigint;
  readonly size: number;
  readonly last: bigint;
  readonly #header: Uint8Array;
  readonly #trailer: Uint8Array;
  #table: EntryTable | undefined;
  readonly #startLsn: number;

  constructor(header: SnapshotHeader, table: EntryTable, fingerprint: bigint) {
    this.#header = encodeSnapshotHeader(header);
    this.#trailer = encodeSnapshotTrailer(fingerprint);
    this.#table = table;
    this.#startLsn = header.lsn;
    this.last = BigInt(header.last);
    const lastIndex = table.count - 1;
    const body =
      lastIndex < 0
        ? 0
        : table.lsn(lastIndex) + ENTRY_OVERHEAD + table.payloadLength(lastIndex) - header.lsn;
    this.size = SNAPSHOT_HEADER + body + SNAPSHOT_TRAILER;
    this.id = snapshotId(header.first, this.size, fingerprint);
  }

  /**
   * The bytes from `offset` on. Throws `argument` if the offset is beyond the end, and `closed` if
   * the snapshot was disposed of.
   */
  async *chunks(offset = 0): AsyncGenerator<Uint8Array, void, undefined> {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset > this.size) {
      throw new SyncupError('argument', `offset must be 0..${this.size}, not ${offset}`);
    }
    let position = offset;
    if (position < SNAPSHOT_HEADER) {
      yield this.#header.subarray(position);
      position = SNAPSHOT_HEADER;
    }
    const end = this.size - SNAPSHOT_TRAILER;
    let index = this.#indexAt(position);
    while (position < end) {
      const table = this.#open();
      const w = new ByteWriter({ capacity: SNAPSHOT_PIECE + 1024 });
      const start = SNAPSHOT_HEADER + table.lsn(index) - this.#startLsn;
      while (index < table.count && w.offset < SNAPSHOT_PIECE) {
        const payload = table.payload(index);
        w.u8(table.type(index));
        writeU32le(w, payload.length);
        w.raw(payload);
        index++;
      }
      const piece = w.view().subarray(position - start);
      for (let at = 0; at < piece.length; at += 1 << 20) yield piece.subarray(at, at + (1 << 20));
      position = start + w.offset;
    }
    if (position < this.size) yield this.#trailer.subarray(position - end);
  }

  #open(): EntryTable {
    if (this.#table === undefined) throw new SyncupError('closed', 'this snapshot is closed');
    return this.#table;
  }

  /** The entry that holds the byte at `position`. */
  #indexAt(position: number): number {
    const table = this.#open();
    const lsn = position - SNAPSHOT_HEADER + this.#startLsn;
    let low = 0;
    let high = table.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (table.lsn(middle) <= lsn) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#table = undefined;
  }
}
