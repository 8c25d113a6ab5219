import { type Crc32, crc32 as defaultCrc32 } from '../bytes/crc32.ts';
import { WireError } from '../errors.ts';

/** One log entry on Noxu's `PEER_FEEDER` stream. */
export interface StreamFrame {
  /** u64; 0 stands for "no VLSN", which a real feeder never sends. */
  readonly vlsn: bigint;
  /** What kind of entry: 0..255, the log's own numbering. */
  readonly type: number;
  /** A decoded one is a view of the frame's bytes. At most 4,294,967,295 bytes. */
  readonly payload: Uint8Array;
}

/** What a feeder says to a start request: it streams, or it no longer holds that VLSN. */
export type StreamReply = 'serve' | 'restore';

/** Options of the frame codec. */
export interface StreamFrameOptions {
  /** What computes the checksum. Default: {@link defaultCrc32}; `zlib.crc32` is faster. */
  readonly crc32?: Crc32;
  /** When true, bytes behind what is expected are ignored, as noxu-rep does. Default false. */
  readonly lenient?: boolean;
}

/** The length of what stands before the payload of a frame, in bytes. */
export const STREAM_FRAME_HEADER = 17;

function need(bytes: Uint8Array, length: number, what: string, lenient: boolean | undefined): void {
  if (bytes.length < length) {
    throw new WireError('truncated', bytes.length, `${length} bytes for ${what}`);
  }
  if (bytes.length > length && lenient !== true) {
    throw new WireError('trailing', length, `no more than ${length} bytes for ${what}`);
  }
}

function readU32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  );
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function readU64(bytes: Uint8Array, at: number): bigint {
  const low = readU32(bytes, at);
  const high = readU32(bytes, at + 4);
  // Below 2^53 one conversion from a double is cheaper than two and a shift.
  return high < 0x20_0000
    ? BigInt(high * 0x1_0000_0000 + low)
    : (BigInt(high) << 32n) | BigInt(low);
}

function writeU64(bytes: Uint8Array, at: number, value: bigint, what: string): void {
  if (BigInt.asUintN(64, value) !== value) {
    throw new WireError('range', at, `${what} of 0..2^64-1, not ${value}`);
  }
  if (value <= 0x1f_ffff_ffff_ffffn) {
    const number = Number(value);
    writeU32(bytes, at, number >>> 0);
    writeU32(bytes, at + 4, Math.floor(number / 0x1_0000_0000));
  } else {
    writeU32(bytes, at, Number(value & 0xffff_ffffn));
    writeU32(bytes, at + 4, Number(value >> 32n));
  }
}

function encodeVlsn(value: bigint, what: string): Uint8Array {
  const bytes = new Uint8Array(8);
  writeU64(bytes, 0, value, what);
  return bytes;
}

/**
 * The first message on `PEER_FEEDER`: stream to me from this VLSN on; 0: from your first.
 * Throws `range` outside u64.
 */
export function encodeStreamStart(startVlsn: bigint): Uint8Array {
  return encodeVlsn(startVlsn, 'a start VLSN');
}

/** Reads a start request. Throws `truncated`, or `trailing` unless lenient. */
export function decodeStreamStart(bytes: Uint8Array, options?: StreamFrameOptions): bigint {
  need(bytes, 8, 'a start request', options?.lenient);
  return readU64(bytes, 0);
}

/** The feeder's one-byte answer to a start request. */
export function encodeStreamReply(reply: StreamReply): Uint8Array {
  return Uint8Array.of(reply === 'serve' ? 0 : 1);
}

/** Reads that answer. Throws `truncated`, `variant`, or `trailing` unless lenient. */
export function decodeStreamReply(bytes: Uint8Array, options?: StreamFrameOptions): StreamReply {
  need(bytes, 1, 'a stream reply', options?.lenient);
  const reply = bytes[0]!;
  if (reply > 1) throw new WireError('variant', 0, `0 (serve) or 1 (restore), not ${reply}`);
  return reply === 0 ? 'serve' : 'restore';
}

/** One entry with its header, in one buffer, so that it leaves in one write. */
export function encodeStreamFrame(frame: StreamFrame, options?: StreamFrameOptions): Uint8Array {
  const { payload, type } = frame;
  if (type !== (type & 0xff)) throw new WireError('range', 8, `a type of 0..255, not ${type}`);
  const bytes = new Uint8Array(STREAM_FRAME_HEADER + payload.length);
  writeU64(bytes, 0, frame.vlsn, 'a VLSN');
  bytes[8] = type;
  writeU32(bytes, 9, payload.length);
  writeU32(bytes, 13, (options?.crc32 ?? defaultCrc32)(payload));
  bytes.set(payload, STREAM_FRAME_HEADER);
  return bytes;
}

/**
 * Reads one entry; its payload is a view of `bytes`.
 *
 * Throws `truncated` for a short header, `length` when the payload is not as long as said
 * (longer is passed over when lenient), `checksum` when the crc32 is not that of the payload.
 */
export function decodeStreamFrame(bytes: Uint8Array, options?: StreamFrameOptions): StreamFrame {
  if (bytes.length < STREAM_FRAME_HEADER) {
    throw new WireError('truncated', bytes.length, `${STREAM_FRAME_HEADER} bytes of header`);
  }
  const length = readU32(bytes, 9);
  const held = bytes.length - STREAM_FRAME_HEADER;
  if (held < length || (held > length && options?.lenient !== true)) {
    throw new WireError('length', 9, `a payload of ${length} bytes, not ${held}`);
  }
  const payload = bytes.subarray(STREAM_FRAME_HEADER, STREAM_FRAME_HEADER + length);
  const expected = readU32(bytes, 13);
  const actual = (options?.crc32 ?? defaultCrc32)(payload);
  const vlsn = readU64(bytes, 0);
  if (actual !== expected) {
    const found = `${actual.toString(16)}, not ${expected.toString(16)}`;
    throw new WireError('checksum', 13, `the payload's crc32 at VLSN ${vlsn}, ${found}`);
  }
  return { vlsn, type: bytes[8]!, payload };
}

/** The replica's acknowledgement of everything up to `vlsn`. Throws `range` outside u64. */
export function encodeAck(vlsn: bigint): Uint8Array {
  return encodeVlsn(vlsn, 'an acknowledged VLSN');
}

/** Reads an acknowledgement. Throws `truncated`, or `trailing` unless lenient. */
export function decodeAck(bytes: Uint8Array, options?: StreamFrameOptions): bigint {
  need(bytes, 8, 'an acknowledgement', options?.lenient);
  return readU64(bytes, 0);
}
