import { ByteReader, ByteWriter, WireError } from '@shoal/wire';
import type { EntryTable } from './entry-table.ts';
import { SyncupError } from './errors.ts';
import type { Snapshot } from './log.ts';

/** `SHSN` read as a little-endian u32. */
const MAGIC = 0x4e534853;
const VERSION = 1;
/** Magic, version, kind, 2 bytes of zero, then five u64. */
const HEADER = 48;
/** The fingerprint of the last entry. */
const TRAILER = 8;
/** Type and length. Also what an entry adds to the LSN, besides its payload. */
export const ENTRY_OVERHEAD = 5;
/** The longest payload that a log takes, in bytes: it must fit into one frame with room. */
export const MAX_PAYLOAD: number = 64 * 1024 * 1024 - 64;
/** The size of a piece, in bytes. */
const PIECE = 64 * 1024;

/** What a snapshot says before its entries. */
export interface SnapshotHeader {
  readonly chained: boolean;
  /** The VLSN of the first entry: 1 or more. */
  readonly first: number;
  /** The VLSN of the last entry; one less than `first` when there is none. */
  readonly last: number;
  /** The LSN of the first entry. */
  readonly lsn: number;
  /** The fingerprint before the first entry. */
  readonly low: number;
  readonly high: number;
  readonly durable: number;
}

/** A copy of a table as bytes: see "Snapshots" in docs/wire-protocol.md. */
export class MemorySnapshot implements Snapshot {
  readonly id: bigint;
  readonly size: number;
  readonly last: bigint;
  readonly #header: Uint8Array;
  readonly #trailer: Uint8Array;
  #table: EntryTable | undefined;
  readonly #startLsn: number;

  constructor(header: SnapshotHeader, table: EntryTable, fingerprint: bigint) {
    const w = new ByteWriter({ capacity: HEADER });
    w.u32le(MAGIC);
    w.u8(VERSION);
    w.u8(header.chained ? 0 : 1);
    w.u16le(0);
    w.u64le(BigInt(header.first));
    w.u64le(BigInt(header.last));
    w.u64le(BigInt(header.lsn));
    w.u32le(header.low);
    w.u32le(header.high);
    w.u64le(BigInt(header.durable));
    this.#header = w.copy();
    const end = new ByteWriter({ capacity: TRAILER });
    end.u64le(fingerprint);
    this.#trailer = end.copy();
    this.#table = table;
    this.#startLsn = header.lsn;
    this.last = BigInt(header.last);
    const lastIndex = table.count - 1;
    const body =
      lastIndex < 0
        ? 0
        : table.lsn(lastIndex) + ENTRY_OVERHEAD + table.payloadLength(lastIndex) - header.lsn;
    this.size = HEADER + body + TRAILER;
    // Of the same content always the same: a transfer may go on after the feeder's restart.
    const id = fingerprint ^ (BigInt(header.first) << 32n) ^ BigInt(this.size);
    this.id = BigInt.asUintN(64, id) || 1n;
  }

  /**
   * The bytes from `offset` on. Throws `argument` for an offset beyond the end, `closed` when
   * the snapshot has been disposed of.
   */
  async *chunks(offset = 0): AsyncGenerator<Uint8Array, void, undefined> {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset > this.size) {
      throw new SyncupError('argument', `an offset of 0..${this.size}, not ${offset}`);
    }
    let position = offset;
    if (position < HEADER) {
      yield this.#header.subarray(position);
      position = HEADER;
    }
    const end = this.size - TRAILER;
    let index = this.#indexAt(position);
    while (position < end) {
      const table = this.#open();
      const w = new ByteWriter({ capacity: PIECE + 1024 });
      const start = HEADER + table.lsn(index) - this.#startLsn;
      while (index < table.count && w.offset < PIECE) {
        const payload = table.payload(index);
        w.u8(table.type(index));
        w.u32le(payload.length);
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
    const lsn = position - HEADER + this.#startLsn;
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

/** What {@link readSnapshot} hands over, in this order. */
export interface SnapshotSink {
  header(header: SnapshotHeader): void;
  /** The payload is a view that holds until the next call. */
  entry(type: number, payload: Uint8Array): void;
  /** The fingerprint that the last entry must have. */
  trailer(fingerprint: bigint): void;
}

/** Reads a snapshot. Throws `snapshot`, or what `chunks` or `sink` throw. */
export async function readSnapshot(
  chunks: AsyncIterable<Uint8Array>,
  sink: SnapshotSink,
): Promise<void> {
  const reader = new ByteReader();
  let held = new Uint8Array(PIECE);
  let length = 0;
  let left = -1;
  for await (const chunk of chunks) {
    if (length + chunk.length > held.length) {
      const bigger = new Uint8Array(Math.max(held.length * 2, length + chunk.length));
      bigger.set(held.subarray(0, length));
      held = bigger;
    }
    held.set(chunk, length);
    length += chunk.length;
    reader.reset(held.subarray(0, length));
    if (left < 0 && length >= HEADER) {
      const header = readHeader(reader);
      sink.header(header);
      left = header.last - header.first + 1;
    }
    while (left > 0 && reader.remaining >= ENTRY_OVERHEAD) {
      const start = reader.offset;
      const type = reader.u8();
      const size = reader.u32le();
      if (size > MAX_PAYLOAD) throw bad(`an entry of ${size} bytes`);
      if (size > reader.remaining) {
        reader.offset = start;
        break;
      }
      sink.entry(type, reader.view(size));
      left--;
    }
    if (left === 0 && reader.remaining > TRAILER) throw bad('bytes behind the last entry');
    held.copyWithin(0, reader.offset, length);
    length -= reader.offset;
  }
  if (left !== 0 || length !== TRAILER) throw bad('an early end');
  sink.trailer(reader.reset(held.subarray(0, TRAILER)).u64le());
}

function readHeader(reader: ByteReader): SnapshotHeader {
  try {
    if (reader.u32le() !== MAGIC) throw bad('other first bytes');
    const version = reader.u8();
    if (version !== VERSION) throw bad(`version ${version}`);
    const kind = reader.u8();
    if (kind > 1 || reader.u16le() !== 0) throw bad('an unknown kind');
    const u64 = (): number => {
      const value = reader.u64le();
      if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw bad('a number over 2^53-1');
      return Number(value);
    };
    const header = {
      chained: kind === 0,
      first: u64(),
      last: u64(),
      lsn: u64(),
      low: reader.u32le(),
      high: reader.u32le(),
      durable: u64(),
    };
    if (header.first < 1 || header.last < header.first - 1) {
      throw bad(`a range of ${header.first}..${header.last}`);
    }
    return header;
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw new SyncupError('snapshot', 'the header of the snapshot cannot be read', { cause });
  }
}

function bad(found: string): SyncupError {
  return new SyncupError('snapshot', `the snapshot is damaged: it has ${found}`);
}
