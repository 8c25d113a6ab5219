import { type Crc32, crc32 as defaultCrc32 } from '../bytes/crc32.ts';
import { putU32, putU64, u32At, u64At } from '../bytes/little-endian.ts';
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
 * The first message on `PEER_FEEDER`: stream to me from this VLSN on; 0: from your first.
 * Throws `range` outside u64.
 */
export function encodeStreamStart(startVlsn: bigint): Uint8Array {
  return encodeVlsn(startVlsn, 'a start VLSN');
}

/** Reads a start request. Throws `truncated`, or `trailing` unless lenient. */
export function decodeStreamStart(bytes: Uint8Array, options?: StreamFrameOptions): bigint {
  need(bytes, 8, 'a start request', options?.lenient);
  return u64At(bytes, 0);
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
  putU32(bytes, 9, payload.length);
  putU32(bytes, 13, (options?.crc32 ?? defaultCrc32)(payload));
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

/** The replica's acknowledgement of everything up to `vlsn`. Throws `range` outside u64. */
export function encodeAck(vlsn: bigint): Uint8Array {
  return encodeVlsn(vlsn, 'an acknowledged VLSN');
}

/** Reads an acknowledgement. Throws `truncated`, or `trailing` unless lenient. */
export function decodeAck(bytes: Uint8Array, options?: StreamFrameOptions): bigint {
  need(bytes, 8, 'an acknowledgement', options?.lenient);
  return u64At(bytes, 0);
}
