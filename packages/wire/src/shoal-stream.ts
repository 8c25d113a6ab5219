import { type Crc32, crc32 as defaultCrc32 } from './crc32.ts';
import { ByteReader } from './reader.ts';
import {
  SHOAL_STREAM_MAGIC,
  type ShoalStreamEntry,
  type ShoalStreamMessage,
} from './shoal-stream-message.ts';
import { decodeSyncup, encodeSyncup } from './syncup-codec.ts';
import type { SyncupMessage } from './syncup-message.ts';
import { utf8Length } from './text.ts';
import { ByteWriter } from './writer.ts';

/** Options of the codec. */
export interface ShoalStreamOptions {
  /** What computes checksums. Default: this package's; `zlib.crc32` is faster. */
  readonly crc32?: Crc32;
}

const OP_HELLO = 16;
const OP_WELCOME = 17;
const OP_ENTRIES = 18;
const OP_ACK = 19;
const OP_HEARTBEAT = 20;
const OP_RESTORE_RESUME = 21;
const OP_RESTORE_BEGIN = 22;
const OP_RESTORE_CHUNK = 23;
const OP_RESTORE_END = 24;
const OP_GOODBYE = 25;

/** Where the checksummed part of entries and chunks begins: behind opcode and crc32. */
const CHECKED = 5;
/** Opcode, crc32, first VLSN and count. */
const ENTRIES_HEADER = 17;
/** Type and length, before each entry's payload. */
const ENTRY_HEADER = 5;

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
      return encodeEntries(message.firstVlsn, message.entries, options);
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
      return encodeSmall(message);
    default:
      return encodeSyncup(message);
  }
}

type SmallMessage = Exclude<
  ShoalStreamMessage,
  SyncupMessage | { type: 'entries' } | { type: 'restoreChunk' }
>;

function encodeSmall(message: SmallMessage): Uint8Array {
  const w = new ByteWriter({ capacity: 64 });
  switch (message.type) {
    case 'hello':
      w.u8(OP_HELLO);
      w.u32le(SHOAL_STREAM_MAGIC);
      w.u8(message.versionMin);
      w.u8(message.versionMax);
      w.u32le(message.features);
      w.u32le(message.label);
      w.u64le(message.term);
      writeText(w, message.name, 255);
      break;
    case 'welcome':
      w.u8(OP_WELCOME);
      w.u32le(SHOAL_STREAM_MAGIC);
      w.u8(message.version);
      w.u32le(message.features);
      w.u32le(message.label);
      w.u64le(message.term);
      w.u64le(message.first);
      w.u64le(message.last);
      break;
    case 'ack':
      w.u8(OP_ACK);
      w.u64le(message.vlsn);
      break;
    case 'heartbeat':
      w.u8(OP_HEARTBEAT);
      w.u64le(message.term);
      w.u64le(message.last);
      w.u64le(message.durable);
      writeSize(w, message.time, 'a time');
      break;
    case 'restoreResume':
      w.u8(OP_RESTORE_RESUME);
      w.u64le(message.snapshot);
      writeSize(w, message.offset, 'an offset');
      break;
    case 'restoreBegin':
      w.u8(OP_RESTORE_BEGIN);
      w.u64le(message.snapshot);
      writeSize(w, message.size, 'a size');
      writeSize(w, message.offset, 'an offset');
      w.u64le(message.last);
      break;
    case 'restoreEnd':
      w.u8(OP_RESTORE_END);
      writeSize(w, message.size, 'a size');
      w.u64le(message.digest);
      break;
    case 'goodbye':
      w.u8(OP_GOODBYE);
      w.u16le(message.code);
      writeText(w, message.reason, 255);
  }
  return w.copy();
}

function writeText(w: ByteWriter, text: string, max: number): void {
  const length = utf8Length(text);
  if (length > max) w.fail('length', `text of ${max} bytes at most, not ${length}`);
  w.u8(length);
  w.text(text);
}

function writeSize(w: ByteWriter, value: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    w.fail('range', `${what} of 0..2^53-1, not ${value}`);
  }
  w.u64le(BigInt(value));
}

function encodeEntries(
  firstVlsn: bigint,
  entries: readonly ShoalStreamEntry[],
  options: ShoalStreamOptions | undefined,
): Uint8Array {
  let size = ENTRIES_HEADER;
  for (const entry of entries) size += ENTRY_HEADER + entry.payload.length;
  const w = new ByteWriter({ capacity: size, fixed: true });
  w.u8(OP_ENTRIES);
  w.u32le(0);
  w.u64le(firstVlsn);
  if (entries.length === 0) w.fail('range', 'at least one entry');
  w.u32le(entries.length);
  for (const entry of entries) {
    w.u8(entry.type);
    w.u32le(entry.payload.length);
    w.raw(entry.payload);
  }
  return sealed(w.bytes, options);
}

function encodeChunk(
  offset: number,
  bytes: Uint8Array,
  options: ShoalStreamOptions | undefined,
): Uint8Array {
  const w = new ByteWriter({ capacity: CHECKED + 8 + bytes.length, fixed: true });
  w.u8(OP_RESTORE_CHUNK);
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

/**
 * Reads one message from a whole frame. Payloads and chunk bytes are views of `bytes`.
 *
 * Throws a `WireError`: `truncated`, `trailing` (but a hello or welcome may be longer, for
 * later versions), `variant` (unknown opcode), `magic`, `checksum`, `length`, `range`, `utf8`.
 */
export function decodeShoalStream(
  bytes: Uint8Array,
  options?: ShoalStreamOptions,
): ShoalStreamMessage {
  const r = new ByteReader(bytes);
  const opcode = r.u8();
  switch (opcode) {
    case OP_HELLO:
      readMagic(r);
      return {
        type: 'hello',
        versionMin: r.u8(),
        versionMax: r.u8(),
        features: r.u32le(),
        label: r.u32le(),
        term: r.u64le(),
        name: r.text(r.u8()),
      };
    case OP_WELCOME:
      readMagic(r);
      return {
        type: 'welcome',
        version: r.u8(),
        features: r.u32le(),
        label: r.u32le(),
        term: r.u64le(),
        first: r.u64le(),
        last: r.u64le(),
      };
    case OP_ENTRIES:
      checkCrc(r, options);
      return readEntries(r);
    case OP_RESTORE_CHUNK: {
      checkCrc(r, options);
      const offset = readSize(r, 'an offset');
      return { type: 'restoreChunk', offset, bytes: r.view(r.remaining) };
    }
    case OP_ACK:
      return ended(r, { type: 'ack', vlsn: r.u64le() });
    case OP_HEARTBEAT:
      return ended(r, {
        type: 'heartbeat',
        term: r.u64le(),
        last: r.u64le(),
        durable: r.u64le(),
        time: readSize(r, 'a time'),
      });
    case OP_RESTORE_RESUME:
      return ended(r, {
        type: 'restoreResume',
        snapshot: r.u64le(),
        offset: readSize(r, 'an offset'),
      });
    case OP_RESTORE_BEGIN:
      return ended(r, {
        type: 'restoreBegin',
        snapshot: r.u64le(),
        size: readSize(r, 'a size'),
        offset: readSize(r, 'an offset'),
        last: r.u64le(),
      });
    case OP_RESTORE_END:
      return ended(r, { type: 'restoreEnd', size: readSize(r, 'a size'), digest: r.u64le() });
    case OP_GOODBYE:
      return ended(r, { type: 'goodbye', code: r.u16le(), reason: r.text(r.u8()) });
    default:
      if (opcode >= 1 && opcode <= 7) return decodeSyncup(bytes);
      return r.fail('variant', `an opcode of 1..7 or 16..25, not ${opcode}`, 0);
  }
}

function ended(r: ByteReader, message: ShoalStreamMessage): ShoalStreamMessage {
  r.finish();
  return message;
}

function readMagic(r: ByteReader): void {
  const magic = r.u32le();
  if (magic !== SHOAL_STREAM_MAGIC) {
    r.fail('magic', `${SHOAL_STREAM_MAGIC.toString(16)}, not ${magic.toString(16)}`, 1);
  }
}

function readSize(r: ByteReader, what: string): number {
  const low = r.u32le();
  const value = low + r.u32le() * 0x1_0000_0000;
  if (value > Number.MAX_SAFE_INTEGER) r.fail('range', `${what} of 0..2^53-1`, r.offset - 8);
  return value;
}

function checkCrc(r: ByteReader, options: ShoalStreamOptions | undefined): void {
  const expected = r.u32le();
  const actual = (options?.crc32 ?? defaultCrc32)(r.bytes.subarray(r.offset));
  if (actual !== expected) {
    r.fail('checksum', `crc32 ${actual.toString(16)}, not ${expected.toString(16)}`, 1);
  }
}

function readEntries(r: ByteReader): ShoalStreamMessage {
  const firstVlsn = r.u64le();
  const count = r.u32le();
  if (count === 0) r.fail('range', 'at least one entry', r.offset - 4);
  if (count > r.remaining / ENTRY_HEADER) {
    r.fail('length', `a count of entries that ${r.remaining} bytes can hold`, r.offset - 4);
  }
  const entries: ShoalStreamEntry[] = [];
  for (let i = 0; i < count; i++) {
    const type = r.u8();
    const length = r.u32le();
    if (length > r.remaining) {
      r.fail('length', `a payload of ${r.remaining} bytes at most, not ${length}`, r.offset - 4);
    }
    entries.push({ type, payload: r.view(length) });
  }
  return ended(r, { type: 'entries', firstVlsn, entries });
}
