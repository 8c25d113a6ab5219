import { i64, u8, u64 } from '../bytes/fields.ts';
import {
  type Field,
  type Layout,
  MessageFamily,
  type MessageFormat,
} from '../bytes/message-format.ts';
import { ByteReader } from '../bytes/reader.ts';
import { WireError } from '../errors.ts';
import type { SyncupEntry, SyncupMessage } from './syncup-message.ts';

/** Options of {@link decodeSyncup}. */
export interface DecodeSyncupOptions {
  /**
   * When true, reads what noxu-rep reads: bytes after the message are ignored, and any `isSync`
   * but 0 is true. Default false: trailing bytes and an `isSync` over 1 are refused.
   */
  readonly lenient?: boolean | undefined;
}

/** What the decoder passes along: whether it is lenient. */
type Lenient = boolean;

export const isSync: Field<boolean, Lenient> = {
  encode: (writer, value) => u8.encode(writer, value ? 1 : 0),
  decode(reader, lenient) {
    const byte = reader.u8();
    if (byte > 1 && !lenient)
      reader.fail('range', `isSync of 0 or 1, not ${byte}`, reader.offset - 1);
    return byte !== 0;
  },
};

const entryFields: Layout<{ type: 'entry' } & SyncupEntry, Lenient>['fields'] = {
  vlsn: i64,
  lsn: u64,
  fingerprint: u64,
  isSync,
};

/** The messages of Noxu's `SyncupMsg`. */
export const SYNCUP_MESSAGES: MessageFamily<SyncupMessage, Lenient> =
  /* @__PURE__ */ new MessageFamily<SyncupMessage, Lenient>({
    entryRequest: { opcode: 1, fields: { vlsn: i64 }, length: 9 },
    entry: { opcode: 2, fields: entryFields, length: 26 },
    entryNotFound: { opcode: 3, fields: {}, length: 1 },
    alternateMatchpoint: { opcode: 4, fields: entryFields, length: 26 },
    startStream: { opcode: 5, fields: { startVlsn: i64 }, length: 9 },
    restoreRequest: { opcode: 6, fields: { failedVlsn: i64 }, length: 9 },
    restoreResponse: { opcode: 7, fields: {}, length: 1 },
  });

/**
 * One syncup message as the bytes of a frame, as Noxu's `SyncupMsg` writes it: the opcode, then a
 * body of fixed length, little-endian.
 *
 * Throws a `WireError` with code `range` for a VLSN outside i64, or an LSN or fingerprint outside
 * u64, and `variant` for an unknown type.
 */
export function encodeSyncup(message: SyncupMessage): Uint8Array {
  const format = SYNCUP_MESSAGES.byType(message.type);
  if (format === undefined) {
    throw new WireError('variant', 0, `a syncup message, not ${message.type}`);
  }
  return format.encode(message, false);
}

/**
 * The syncup message in a whole frame.
 *
 * Throws a `WireError` with code `truncated` for a frame that is too short, `variant` for an
 * unknown opcode, and unless `lenient` `trailing` and `range` (an `isSync` over 1).
 */
export function decodeSyncup(bytes: Uint8Array, options?: DecodeSyncupOptions): SyncupMessage {
  const lenient = options?.lenient === true;
  const format = syncupFormat(bytes, lenient);
  const reader = new ByteReader(bytes);
  reader.end = format.layout.length!;
  reader.offset = 1;
  return format.decode(reader, lenient);
}

/** The format of the message in a whole frame, whose length it checks. */
export function syncupFormat(
  bytes: Uint8Array,
  lenient: Lenient = false,
): MessageFormat<SyncupMessage, Lenient> {
  if (bytes.length === 0) throw new WireError('truncated', 0, 'an opcode');
  const format = SYNCUP_MESSAGES.byOpcode(bytes[0]!);
  if (format === undefined) {
    throw new WireError('variant', 0, `an opcode of 1..7, not ${bytes[0]}`);
  }
  const length = format.layout.length!;
  if (bytes.length < length) {
    throw new WireError('truncated', bytes.length, `${length} bytes for ${format.type}`);
  }
  if (bytes.length > length && !lenient) {
    throw new WireError('trailing', length, `no more than ${length} bytes for ${format.type}`);
  }
  return format;
}
