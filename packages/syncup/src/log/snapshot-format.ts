import { ByteReader, ByteWriter, WireError } from '@shoal/wire';
import {
  readU16le,
  readU32le,
  readU64le,
  writeU16le,
  writeU32le,
  writeU64le,
} from '@shoal/wire/internal';
import { SyncupError } from '../errors.ts';

/** `SHSN` read as a little-endian u32. */
const MAGIC = 0x4e534853;
const VERSION = 1;
/** The size of the header, in bytes: magic, version, kind, two zero bytes, then five u64. */
export const SNAPSHOT_HEADER = 48;
/** The size of the trailer, in bytes: the fingerprint of the last entry. */
export const SNAPSHOT_TRAILER = 8;
/** What an entry takes besides its payload, in bytes: type and length. Its LSN grows by it too. */
export const ENTRY_OVERHEAD = 5;
/** The longest payload of an entry, in bytes. It leaves room in a frame for other fields. */
export const MAX_PAYLOAD: number = 64 * 1024 * 1024 - 64;
/** About how long the chunks of a snapshot are, in bytes. */
export const SNAPSHOT_PIECE: number = 64 * 1024;

/** What a snapshot states before its entries. */
export interface SnapshotHeader {
  readonly chained: boolean;
  /** The VLSN of the first entry, from 1. */
  readonly first: number;
  /** The VLSN of the last entry; `first - 1` if there is none. */
  readonly last: number;
  /** The LSN of the first entry. */
  readonly lsn: number;
  /** The fingerprint before the first entry. */
  readonly low: number;
  readonly high: number;
  readonly durable: number;
}

/** Encodes the first {@link SNAPSHOT_HEADER} bytes of a snapshot. */
export function encodeSnapshotHeader(header: SnapshotHeader): Uint8Array {
  const w = new ByteWriter({ capacity: SNAPSHOT_HEADER });
  writeU32le(w, MAGIC);
  w.u8(VERSION);
  w.u8(header.chained ? 0 : 1);
  writeU16le(w, 0);
  writeU64le(w, BigInt(header.first));
  writeU64le(w, BigInt(header.last));
  writeU64le(w, BigInt(header.lsn));
  writeU32le(w, header.low);
  writeU32le(w, header.high);
  writeU64le(w, BigInt(header.durable));
  return w.copy();
}

/** Encodes the last {@link SNAPSHOT_TRAILER} bytes of a snapshot. */
export function encodeSnapshotTrailer(fingerprint: bigint): Uint8Array {
  const w = new ByteWriter({ capacity: SNAPSHOT_TRAILER });
  writeU64le(w, fingerprint);
  return w.copy();
}

/**
 * The id of a snapshot. The same content always has the same id, so that a restore can be resumed
 * after the feeder has restarted.
 */
export function snapshotId(first: number, size: number, fingerprint: bigint): bigint {
  return BigInt.asUintN(64, fingerprint ^ (BigInt(first) << 32n) ^ BigInt(size)) || 1n;
}

/** Receives the parts of a snapshot, in this order. */
export interface SnapshotSink {
  header(header: SnapshotHeader): void;
  /** `payload` is a view that is valid until the next call. */
  entry(type: number, payload: Uint8Array): void;
  /** Must throw `snapshot` if the last entry has another fingerprint. */
  trailer(fingerprint: bigint): void;
}

/**
 * Decodes a snapshot. Throws `snapshot` if it is damaged, `version` if a later release wrote it, or
 * what `chunks` or `sink` throw.
 */
export async function readSnapshot(
  chunks: AsyncIterable<Uint8Array>,
  sink: SnapshotSink,
): Promise<void> {
  const decoder = new SnapshotDecoder(sink);
  for await (const chunk of chunks) decoder.push(chunk);
  decoder.end();
}

/** Decodes a snapshot that comes in chunks of any size. */
class SnapshotDecoder {
  readonly #sink: SnapshotSink;
  readonly #reader = new ByteReader();
  /** Bytes that have come but are not decoded yet. */
  #held = new Uint8Array(SNAPSHOT_PIECE);
  #length = 0;
  /** How many entries are still to come; undefined before the header. */
  #entriesLeft: number | undefined;

  constructor(sink: SnapshotSink) {
    this.#sink = sink;
  }

  push(chunk: Uint8Array): void {
    this.#hold(chunk);
    const reader = this.#reader;
    reader.reset(this.#held.subarray(0, this.#length));
    if (this.#entriesLeft === undefined) {
      if (this.#length < SNAPSHOT_HEADER) return;
      const header = readHeader(reader);
      this.#sink.header(header);
      this.#entriesLeft = header.last - header.first + 1;
    }
    this.#entriesLeft -= this.#readEntries(this.#entriesLeft);
    if (this.#entriesLeft === 0 && reader.remaining > SNAPSHOT_TRAILER) {
      throw damaged('it has bytes after the last entry');
    }
    this.#held.copyWithin(0, reader.offset, this.#length);
    this.#length -= reader.offset;
  }

  end(): void {
    if (this.#entriesLeft !== 0 || this.#length !== SNAPSHOT_TRAILER) {
      throw damaged('it ends early');
    }
    this.#sink.trailer(readU64le(this.#reader.reset(this.#held.subarray(0, SNAPSHOT_TRAILER))));
  }

  #hold(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#held.length) {
      const bigger = new Uint8Array(Math.max(this.#held.length * 2, length));
      bigger.set(this.#held.subarray(0, this.#length));
      this.#held = bigger;
    }
    this.#held.set(chunk, this.#length);
    this.#length = length;
  }

  /** Decodes the complete entries that are held, at most `limit`. Returns how many. */
  #readEntries(limit: number): number {
    const reader = this.#reader;
    let count = 0;
    while (count < limit && reader.remaining >= ENTRY_OVERHEAD) {
      const start = reader.offset;
      const type = reader.u8();
      const size = readU32le(reader);
      if (size > MAX_PAYLOAD) throw damaged(`it has an entry of ${size} bytes`);
      if (size > reader.remaining) {
        reader.offset = start;
        break;
      }
      this.#sink.entry(type, reader.view(size));
      count++;
    }
    return count;
  }
}

function readHeader(reader: ByteReader): SnapshotHeader {
  try {
    if (readU32le(reader) !== MAGIC) throw damaged('it does not begin like a snapshot');
    const version = reader.u8();
    if (version !== VERSION) {
      const text = `the snapshot has version ${version}, and this release reads version ${VERSION}`;
      throw new SyncupError('version', `${text}: upgrade this node`);
    }
    const kind = reader.u8();
    if (kind > 1 || readU16le(reader) !== 0) throw damaged('its kind is unknown');
    const u64 = (): number => {
      const value = readU64le(reader);
      if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged('it has a number above 2^53-1');
      return Number(value);
    };
    const header = {
      chained: kind === 0,
      first: u64(),
      last: u64(),
      lsn: u64(),
      low: readU32le(reader),
      high: readU32le(reader),
      durable: u64(),
    };
    if (header.first < 1 || header.last < header.first - 1) {
      throw damaged(`its range is ${header.first}..${header.last}`);
    }
    return header;
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw new SyncupError('snapshot', 'the header of the snapshot cannot be read', { cause });
  }
}

/** `how` completes the sentence. */
function damaged(how: string): SyncupError {
  return new SyncupError('snapshot', `the snapshot is damaged: ${how}`);
}
