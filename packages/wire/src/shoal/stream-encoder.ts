import { type Crc32, crc32 as defaultCrc32 } from '../bytes/crc32.ts';
import { writeU16le, writeU32le, writeU64le } from '../bytes/little-endian.ts';
import { encodeUtf8 } from '../bytes/text.ts';
import { ByteWriter } from '../bytes/writer.ts';
import { encodeSyncup } from '../syncup/syncup-codec.ts';
import type { SyncupMessage } from '../syncup/syncup-message.ts';
import {
  SHOAL_STREAM_MAGIC,
  type ShoalStreamEntry,
  type ShoalStreamMessage,
} from './stream-message.ts';
import { CHECKED, ENTRY_HEADER, OPCODE } from './stream-opcode.ts';

/** Options of the codec. */
export interface ShoalStreamOptions {
  /** What computes checksums. Default: this package's; `zlib.crc32` is faster. */
  readonly crc32?: Crc32;
}

/** Opcode, crc32, first VLSN and count. */
const ENTRIES_HEADER = 17;

/** One message as bytes. Throws a `WireError` (`range`, `length`, `utf8`) for a bad value. */
export function encodeShoalStream(
  message: ShoalStreamMessage,
  options?: ShoalStreamOptions,
): Uint8Array {
  switch (message.type) {
    case 'entries':
      return encodeChecked(message.firstVlsn, message.entries, options);
    case 'restoreChunk':
      return encodeChunk(message.offset, message.bytes, options);
    case 'hello':
    case 'welcome':
    case 'ack':
    case 'heartbeat':
    case 'restoreResume':
    case 'restoreBegin':
    case 'restoreEnd':
    case 'goodbye':
    case 'chainedEntries':
      return encodeSmall(message);
    default:
      return encodeSyncup(message);
  }
}

type SmallMessage = Exclude<
  ShoalStreamMessage,
  SyncupMessage | { type: 'entries' | 'restoreChunk' }
>;

function encodeSmall(message: SmallMessage): Uint8Array {
  const w = new ByteWriter({ capacity: 64 });
  switch (message.type) {
    case 'hello':
      w.u8(OPCODE.hello);
      writeU32le(w, SHOAL_STREAM_MAGIC);
      w.u8(message.versionMin);
      w.u8(message.versionMax);
      writeU32le(w, message.features);
      writeU32le(w, message.label);
      writeU64le(w, message.term);
      writeText(w, message.name, 255);
      break;
    case 'welcome':
      w.u8(OPCODE.welcome);
      writeU32le(w, SHOAL_STREAM_MAGIC);
      w.u8(message.version);
      writeU32le(w, message.features);
      writeU32le(w, message.label);
      writeU64le(w, message.term);
      writeU64le(w, message.first);
      writeU64le(w, message.last);
      break;
    case 'ack':
      w.u8(OPCODE.ack);
      writeU64le(w, message.vlsn);
      break;
    case 'heartbeat':
      w.u8(OPCODE.heartbeat);
      writeU64le(w, message.term);
      writeU64le(w, message.last);
      writeU64le(w, message.durable);
      writeSize(w, message.time, 'a time');
      break;
    case 'restoreResume':
      w.u8(OPCODE.restoreResume);
      writeU64le(w, message.snapshot);
      writeSize(w, message.offset, 'an offset');
      break;
    case 'restoreBegin':
      w.u8(OPCODE.restoreBegin);
      writeU64le(w, message.snapshot);
      writeSize(w, message.size, 'a size');
      writeSize(w, message.offset, 'an offset');
      writeU64le(w, message.last);
      break;
    case 'restoreEnd':
      w.u8(OPCODE.restoreEnd);
      writeSize(w, message.size, 'a size');
      writeU64le(w, message.digest);
      break;
    case 'goodbye':
      w.u8(OPCODE.goodbye);
      writeU16le(w, message.code);
      writeText(w, message.reason, 255);
      break;
    case 'chainedEntries':
      w.u8(OPCODE.chainedEntries);
      writeU64le(w, message.fingerprint);
      writeU64le(w, message.firstVlsn);
      if (message.count === 0) w.fail('range', 'at least one entry');
      writeU32le(w, message.count);
  }
  return w.copy();
}

function writeText(w: ByteWriter, text: string, max: number): void {
  const bytes = encodeUtf8(text);
  if (bytes.length > max) w.fail('length', `text of ${max} bytes at most, not ${bytes.length}`);
  w.u8(bytes.length);
  w.raw(bytes);
}

function writeSize(w: ByteWriter, value: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    w.fail('range', `${what} of 0..2^53-1, not ${value}`);
  }
  writeU64le(w, BigInt(value));
}

function encodeChecked(
  firstVlsn: bigint,
  entries: readonly ShoalStreamEntry[],
  options: ShoalStreamOptions | undefined,
): Uint8Array {
  const w = new ByteWriter({ capacity: ENTRIES_HEADER + sizeOf(entries), fixed: true });
  w.u8(OPCODE.entries);
  writeU32le(w, 0);
  writeU64le(w, firstVlsn);
  if (entries.length === 0) w.fail('range', 'at least one entry');
  writeU32le(w, entries.length);
  writeEntries(w, entries);
  return sealed(w.bytes, options);
}

/** The frame that follows a `chainedEntries` message: type u8, length u32 and payload of each. */
export function encodeEntries(entries: readonly ShoalStreamEntry[]): Uint8Array {
  const w = new ByteWriter({ capacity: sizeOf(entries), fixed: true });
  writeEntries(w, entries);
  return w.bytes;
}

function sizeOf(entries: readonly ShoalStreamEntry[]): number {
  let size = 0;
  for (const { payload } of entries) size += ENTRY_HEADER + payload.length;
  return size;
}

function writeEntries(w: ByteWriter, entries: readonly ShoalStreamEntry[]): void {
  for (const { type, payload } of entries) {
    w.u8(type);
    writeU32le(w, payload.length);
    w.raw(payload);
  }
}

function encodeChunk(
  offset: number,
  bytes: Uint8Array,
  options: ShoalStreamOptions | undefined,
): Uint8Array {
  const w = new ByteWriter({ capacity: CHECKED + 8 + bytes.length, fixed: true });
  w.u8(OPCODE.restoreChunk);
  writeU32le(w, 0);
  writeSize(w, offset, 'an offset');
  w.raw(bytes);
  return sealed(w.bytes, options);
}

/** Puts the crc32 of what follows it into a complete frame. */
function sealed(frame: Uint8Array, options: ShoalStreamOptions | undefined): Uint8Array {
  const crc = (options?.crc32 ?? defaultCrc32)(frame.subarray(CHECKED));
  frame[1] = crc;
  frame[2] = crc >>> 8;
  frame[3] = crc >>> 16;
  frame[4] = crc >>> 24;
  return frame;
}
