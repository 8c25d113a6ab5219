import { type Crc32, crc32 as defaultCrc32 } from './crc32.ts';
import {
  SHOAL_STREAM_MAGIC,
  type ShoalStreamEntry,
  type ShoalStreamMessage,
} from './shoal-stream-message.ts';
import { CHECKED, ENTRY_HEADER, OPCODE } from './shoal-stream-opcode.ts';
import { encodeSyncup } from './syncup-codec.ts';
import type { SyncupMessage } from './syncup-message.ts';
import { encodeUtf8 } from './text.ts';
import { ByteWriter } from './writer.ts';

/** Options of the codec. */
export interface ShoalStreamOptions {
  /** What computes checksums. Default: this package's; `zlib.crc32` is faster. */
  readonly crc32?: Crc32;
}

/** Opcode, crc32, first VLSN and count. */
const ENTRIES_HEADER = 17;

/** How long an entry is inside an `entries` message, in bytes. */
export function shoalStreamEntrySize(payloadLength: number): number {
  return ENTRY_HEADER + payloadLength;
}

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
      w.u32le(SHOAL_STREAM_MAGIC);
      w.u8(message.versionMin);
      w.u8(message.versionMax);
      w.u32le(message.features);
      w.u32le(message.label);
      w.u64le(message.term);
      writeText(w, message.name, 255);
      break;
    case 'welcome':
      w.u8(OPCODE.welcome);
      w.u32le(SHOAL_STREAM_MAGIC);
      w.u8(message.version);
      w.u32le(message.features);
      w.u32le(message.label);
      w.u64le(message.term);
      w.u64le(message.first);
      w.u64le(message.last);
      break;
    case 'ack':
      w.u8(OPCODE.ack);
      w.u64le(message.vlsn);
      break;
    case 'heartbeat':
      w.u8(OPCODE.heartbeat);
      w.u64le(message.term);
      w.u64le(message.last);
      w.u64le(message.durable);
      writeSize(w, message.time, 'a time');
      break;
    case 'restoreResume':
      w.u8(OPCODE.restoreResume);
      w.u64le(message.snapshot);
      writeSize(w, message.offset, 'an offset');
      break;
    case 'restoreBegin':
      w.u8(OPCODE.restoreBegin);
      w.u64le(message.snapshot);
      writeSize(w, message.size, 'a size');
      writeSize(w, message.offset, 'an offset');
      w.u64le(message.last);
      break;
    case 'restoreEnd':
      w.u8(OPCODE.restoreEnd);
      writeSize(w, message.size, 'a size');
      w.u64le(message.digest);
      break;
    case 'goodbye':
      w.u8(OPCODE.goodbye);
      w.u16le(message.code);
      writeText(w, message.reason, 255);
      break;
    case 'chainedEntries':
      w.u8(OPCODE.chainedEntries);
      w.u64le(message.fingerprint);
      w.u64le(message.firstVlsn);
      if (message.count === 0) w.fail('range', 'at least one entry');
      w.u32le(message.count);
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
  w.u64le(BigInt(value));
}

function encodeChecked(
  firstVlsn: bigint,
  entries: readonly ShoalStreamEntry[],
  options: ShoalStreamOptions | undefined,
): Uint8Array {
  const w = new ByteWriter({ capacity: ENTRIES_HEADER + sizeOf(entries), fixed: true });
  w.u8(OPCODE.entries);
  w.u32le(0);
  w.u64le(firstVlsn);
  if (entries.length === 0) w.fail('range', 'at least one entry');
  w.u32le(entries.length);
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
    w.u32le(payload.length);
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
  w.u32le(0);
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
