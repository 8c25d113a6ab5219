import { type Crc32, crc32 as defaultCrc32 } from '../bytes/crc32.ts';
import { putU32, putU64, u32At, u64At } from '../bytes/little-endian.ts';
import { WireError } from '../errors.ts';

/** One log entry on Noxu's `PEER_FEEDER` stream. */
export interface StreamFrame {
  /** A u64. 0 means "no VLSN", which a real feeder never sends. */
  readonly vlsn: bigint;
  /** The type of the entry, 0..255, as the log numbers types. */
  readonly type: number;
  /** At most 4,294,967,295 bytes. A decoded one is a view of the frame. */
  readonly payload: Uint8Array;
}

/**
 * A feeder's answer to a start request. `serve`: the entries follow. `restore`: the feeder no
 * longer has the VLSN, so the replica needs a full copy.
 */
export type StreamReply = 'serve' | 'restore';

/** Options of the functions for Noxu's stream. */
export interface StreamFrameOptions {
  /** Computes the checksum. Default: the `crc32` of this package; `zlib.crc32` is faster. */
  readonly crc32?: Crc32 | undefined;
  /** When true, ignores bytes after what is expected, as noxu-rep does. Default false. */
  readonly lenient?: boolean | undefined;
}

// Not described by a table of layouts, as other messages are: an entry is the only message of its
// stream, and every one passes through here.

/** The size of a frame without its payload, in bytes. */
const STREAM_FRAME_HEADER = 17;

function checkLength(
  bytes: Uint8Array,
  length: number,
  what: string,
  options: StreamFrameOptions | undefined,
): void {
  if (bytes.length < length) {
    throw new WireError('truncated', bytes.length, `${length} bytes for ${what}`);
  }
  if (bytes.length > length && options?.lenient !== true) {
    throw new WireError('trailing', length, `no more than ${length} bytes for ${what}`);
  }
}

function writeU64(bytes: Uint8Array, at: number, value: bigint, what: string): void {
  if (!putU64(bytes, at, value)) {
    throw new WireError('range', at, `${what} of 0..2^64-1, not ${value}`);
  }
}

function encodeVlsn(value: bigint, what: string): Uint8Array {
  const bytes = new Uint8Array(8);
  writeU64(bytes, 0, value, what);
  return bytes;
}

/**
 * The first message on `PEER_FEEDER`: asks for all entries from `startVlsn` on, or from the first
 * if it is 0. Throws a `WireError` with code `range` for a VLSN outside u64.
 */
export function encodeStreamStart(startVlsn: bigint): Uint8Array {
  return encodeVlsn(startVlsn, 'a start VLSN');
}

/**
 * Reads a start request. Throws a `WireError` with code `truncated`, or `trailing` unless lenient.
 */
export function decodeStreamStart(bytes: Uint8Array, options?: StreamFrameOptions): bigint {
  checkLength(bytes, 8, 'a start request', options);
  return u64At(bytes, 0);
}

/** The feeder's answer to a start request: one byte. */
export function encodeStreamReply(reply: StreamReply): Uint8Array {
  return Uint8Array.of(reply === 'serve' ? 0 : 1);
}

/**
 * Reads the answer to a start request. Throws a `WireError` with code `truncated`, `variant`, or
 * `trailing` unless lenient.
 */
export function decodeStreamReply(bytes: Uint8Array, options?: StreamFrameOptions): StreamReply {
  checkLength(bytes, 1, 'a stream reply', options);
  const reply = bytes[0]!;
  if (reply > 1) throw new WireError('variant', 0, `0 (serve) or 1 (restore), not ${reply}`);
  return reply === 0 ? 'serve' : 'restore';
}

/**
 * One entry with its header, in one buffer. Throws a `WireError` with code `range` for a VLSN
 * outside u64, or a type outside 0..255.
 */
export function encodeStreamFrame(frame: StreamFrame, options?: StreamFrameOptions): Uint8Array {
  const { payload, type } = frame;
  if (type !== (type & 0xff)) throw new WireError('range', 8, `a type of 0..255, not ${type}`);
  const bytes = new Uint8Array(STREAM_FRAME_HEADER + payload.length);
  writeU64(bytes, 0, frame.vlsn, 'a VLSN');
  bytes[8] = type;
  putU32(bytes, 9, payload.length);
  putU32(bytes, 13, (options?.crc32 ?? defaultCrc32)(payload));
  bytes.set(payload, STREAM_FRAME_HEADER);
  return bytes;
}

/**
 * Reads one entry. Its payload is a view of `bytes`.
 *
 * Throws a `WireError` with code `truncated` for an incomplete header, `length` when the payload
 * does not have the length in the header (if lenient: when it is shorter), and `checksum` when its
 * CRC-32 is not the one in the header.
 */
export function decodeStreamFrame(bytes: Uint8Array, options?: StreamFrameOptions): StreamFrame {
  if (bytes.length < STREAM_FRAME_HEADER) {
    throw new WireError('truncated', bytes.length, `${STREAM_FRAME_HEADER} bytes of header`);
  }
  const length = u32At(bytes, 9);
  const held = bytes.length - STREAM_FRAME_HEADER;
  if (held < length || (held > length && options?.lenient !== true)) {
    throw new WireError('length', 9, `a payload of ${length} bytes, not ${held}`);
  }
  const payload = bytes.subarray(STREAM_FRAME_HEADER, STREAM_FRAME_HEADER + length);
  const expected = u32At(bytes, 13);
  const actual = (options?.crc32 ?? defaultCrc32)(payload);
  const vlsn = u64At(bytes, 0);
  if (actual !== expected) {
    const found = `${actual.toString(16)}, not ${expected.toString(16)}`;
    throw new WireError('checksum', 13, `the payload's crc32 at VLSN ${vlsn}, ${found}`);
  }
  return { vlsn, type: bytes[8]!, payload };
}

/**
 * The replica's acknowledgement of all entries up to `vlsn`. Throws a `WireError` with code `range`
 * for a VLSN outside u64.
 */
export function encodeAck(vlsn: bigint): Uint8Array {
  return encodeVlsn(vlsn, 'an acknowledged VLSN');
}

/**
 * Reads an acknowledgement. Throws a `WireError` with code `truncated`, or `trailing` unless
 * lenient.
 */
export function decodeAck(bytes: Uint8Array, options?: StreamFrameOptions): bigint {
  checkLength(bytes, 8, 'an acknowledgement', options);
  return u64At(bytes, 0);
}
