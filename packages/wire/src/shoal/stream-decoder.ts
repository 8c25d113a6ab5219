import { crc32 as defaultCrc32 } from '../bytes/crc32.ts';
import { readU16le, readU32le, readU64le } from '../bytes/little-endian.ts';
import { ByteReader } from '../bytes/reader.ts';
import { decodeSyncup } from '../syncup/syncup-codec.ts';
import type { ShoalStreamOptions } from './stream-encoder.ts';
import {
  SHOAL_STREAM_MAGIC,
  type ShoalStreamEntry,
  type ShoalStreamMessage,
} from './stream-message.ts';
import { ENTRY_HEADER, OPCODE } from './stream-opcode.ts';

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
    case OPCODE.hello:
      readMagic(r);
      return {
        type: 'hello',
        versionMin: r.u8(),
        versionMax: r.u8(),
        features: readU32le(r),
        label: readU32le(r),
        term: readU64le(r),
        name: r.text(r.u8()),
      };
    case OPCODE.welcome:
      readMagic(r);
      return {
        type: 'welcome',
        version: r.u8(),
        features: readU32le(r),
        label: readU32le(r),
        term: readU64le(r),
        first: readU64le(r),
        last: readU64le(r),
      };
    case OPCODE.entries:
      checkCrc(r, options);
      return { type: 'entries', ...readEntries(r) };
    case OPCODE.chainedEntries: {
      const fingerprint = readU64le(r);
      const firstVlsn = readU64le(r);
      const count = readU32le(r);
      if (count === 0) r.fail('range', 'at least one entry', r.offset - 4);
      return ended(r, { type: 'chainedEntries', fingerprint, firstVlsn, count });
    }
    case OPCODE.restoreChunk: {
      checkCrc(r, options);
      const offset = readSize(r, 'an offset');
      return { type: 'restoreChunk', offset, bytes: r.view(r.remaining) };
    }
    case OPCODE.ack:
      return ended(r, { type: 'ack', vlsn: readU64le(r) });
    case OPCODE.heartbeat:
      return ended(r, {
        type: 'heartbeat',
        term: readU64le(r),
        last: readU64le(r),
        durable: readU64le(r),
        time: readSize(r, 'a time'),
      });
    case OPCODE.restoreResume:
      return ended(r, {
        type: 'restoreResume',
        snapshot: readU64le(r),
        offset: readSize(r, 'an offset'),
      });
    case OPCODE.restoreBegin:
      return ended(r, {
        type: 'restoreBegin',
        snapshot: readU64le(r),
        size: readSize(r, 'a size'),
        offset: readSize(r, 'an offset'),
        last: readU64le(r),
      });
    case OPCODE.restoreEnd:
      return ended(r, { type: 'restoreEnd', size: readSize(r, 'a size'), digest: readU64le(r) });
    case OPCODE.goodbye:
      return ended(r, { type: 'goodbye', code: readU16le(r), reason: r.text(r.u8()) });
    default:
      if (opcode >= 1 && opcode <= 7) return decodeSyncup(bytes);
      return r.fail('variant', `an opcode of 1..7 or 16..26, not ${opcode}`, 0);
  }
}

function ended(r: ByteReader, message: ShoalStreamMessage): ShoalStreamMessage {
  r.finish();
  return message;
}

function readMagic(r: ByteReader): void {
  const magic = readU32le(r);
  if (magic !== SHOAL_STREAM_MAGIC) {
    r.fail('magic', `${SHOAL_STREAM_MAGIC.toString(16)}, not ${magic.toString(16)}`, 1);
  }
}

function readSize(r: ByteReader, what: string): number {
  const low = readU32le(r);
  const value = low + readU32le(r) * 0x1_0000_0000;
  if (value > Number.MAX_SAFE_INTEGER) r.fail('range', `${what} of 0..2^53-1`, r.offset - 8);
  return value;
}

function checkCrc(r: ByteReader, options: ShoalStreamOptions | undefined): void {
  const expected = readU32le(r);
  const actual = (options?.crc32 ?? defaultCrc32)(r.bytes.subarray(r.offset));
  if (actual !== expected) {
    r.fail('checksum', `crc32 ${actual.toString(16)}, not ${expected.toString(16)}`, 1);
  }
}

function readEntries(r: ByteReader): {
  firstVlsn: bigint;
  entries: readonly ShoalStreamEntry[];
} {
  const firstVlsn = readU64le(r);
  const count = readU32le(r);
  if (count === 0) r.fail('range', 'at least one entry', r.offset - 4);
  if (count > r.remaining / ENTRY_HEADER) {
    r.fail('length', `a count of entries that ${r.remaining} bytes can hold`, r.offset - 4);
  }
  const entries: ShoalStreamEntry[] = [];
  for (let i = 0; i < count; i++) {
    const type = r.u8();
    const length = readU32le(r);
    if (length > r.remaining) {
      r.fail('length', `a payload of ${r.remaining} bytes at most, not ${length}`, r.offset - 4);
    }
    entries.push({ type, payload: r.view(length) });
  }
  r.finish();
  return { firstVlsn, entries };
}
