import { type Crc32, crc32 as defaultCrc32 } from '../bytes/crc32.ts';
import { putU32, readU32le } from '../bytes/little-endian.ts';
import { ByteReader } from '../bytes/reader.ts';
import { decodeSyncup, encodeSyncup } from '../syncup/syncup-codec.ts';
import type { SyncupMessage } from '../syncup/syncup-message.ts';
import type { ShoalStreamMessage } from './shoal-stream.ts';
import { type OwnStreamMessage, STREAM_MESSAGES } from './stream-layouts.ts';

/** Options of {@link encodeShoalStream} and {@link decodeShoalStream}. */
export interface ShoalStreamOptions {
  /** Computes the checksums. Default: the `crc32` of this package; `zlib.crc32` is faster. */
  readonly crc32?: Crc32 | undefined;
}

/** Where the checksummed part of a message begins: after its opcode and its CRC-32. */
const CHECKED = 5;

/**
 * One message as the bytes of a frame. Throws a `WireError` with code `range`, `length` or `utf8`
 * for a value that does not fit its field.
 */
export function encodeShoalStream(
  message: ShoalStreamMessage,
  options?: ShoalStreamOptions,
): Uint8Array {
  const format = STREAM_MESSAGES.byType(message.type);
  if (format === undefined) return encodeSyncup(message as SyncupMessage);
  const bytes = format.encode(message as OwnStreamMessage, undefined);
  if (format.layout.checksum) putU32(bytes, 1, checksumOf(bytes, options));
  return bytes;
}

/**
 * The message in a whole frame. Payloads and chunks are views of `bytes`.
 *
 * Throws a `WireError` with code `variant` for an unknown opcode, `truncated`, `trailing` (not
 * after a hello or welcome: later versions may add fields), `magic`, `checksum`, `length`, `range`
 * or `utf8`.
 */
export function decodeShoalStream(
  bytes: Uint8Array,
  options?: ShoalStreamOptions,
): ShoalStreamMessage {
  const reader = new ByteReader(bytes);
  const opcode = reader.u8();
  if (opcode >= 1 && opcode <= 7) return decodeSyncup(bytes);
  const format = STREAM_MESSAGES.byOpcode(opcode);
  if (format === undefined) {
    return reader.fail('variant', `an opcode of 1..7 or 16..26, not ${opcode}`, 0);
  }
  if (format.layout.checksum) decodeChecksum(reader, options);
  return format.decode(reader, undefined);
}

/** Reads the checksum after an opcode. Throws `checksum` unless it is right. */
export function decodeChecksum(reader: ByteReader, options?: ShoalStreamOptions): number {
  const expected = readU32le(reader);
  const actual = checksumOf(reader.bytes, options);
  if (actual === expected) return actual;
  return reader.fail('checksum', `crc32 ${actual.toString(16)}, not ${expected.toString(16)}`, 1);
}

function checksumOf(bytes: Uint8Array, options: ShoalStreamOptions | undefined): number {
  return (options?.crc32 ?? defaultCrc32)(bytes.subarray(CHECKED));
}
