import { WireError } from '../errors.ts';
import type { SyncupEntry, SyncupMessage } from './syncup-message.ts';

/** How strictly {@link decodeSyncup} reads. */
export interface DecodeSyncupOptions {
  /**
   * When true, reads as noxu-rep does: bytes behind the body are ignored, and any isSync but 0
   * is true. Default false: trailing bytes and an isSync over 1 are refused.
   */
  readonly lenient?: boolean;
}

/** Each opcode is one more than its message's place here. */
const TYPES = [
  'entryRequest',
  'entry',
  'entryNotFound',
  'alternateMatchpoint',
  'startStream',
  'restoreRequest',
  'restoreResponse',
] as const;

/** The length of each message in bytes, its opcode included, by opcode. */
const LENGTHS = [0, 9, 26, 1, 26, 9, 9, 1];

/** Throws unless `value` fits: `DataView` would wrap it silently. */
function within(value: bigint, wrapped: bigint, offset: number, kind: string): bigint {
  if (value !== wrapped) throw new WireError('range', offset, `${kind}, not ${value}`);
  return value;
}

/**
 * One syncup message as Noxu's `SyncupMsg` puts it on the wire: opcode u8, then a fixed body,
 * little-endian. Framing is the transport's.
 *
 * Throws a `WireError` with code `range` for a VLSN outside i64, or an LSN or fingerprint
 * outside u64.
 */
export function encodeSyncup(message: SyncupMessage): Uint8Array {
  const opcode = TYPES.indexOf(message.type) + 1;
  if (opcode === 0) throw new WireError('variant', 0, `a syncup message, not ${message.type}`);
  const bytes = new Uint8Array(LENGTHS[opcode]!);
  bytes[0] = opcode;
  if (bytes.length === 1) return bytes;
  const view = new DataView(bytes.buffer);
  const i64 = (value: bigint): void =>
    view.setBigInt64(1, within(value, BigInt.asIntN(64, value), 1, 'an i64'), true);
  const u64 = (at: number, value: bigint): void =>
    view.setBigUint64(at, within(value, BigInt.asUintN(64, value), at, 'a u64'), true);
  switch (message.type) {
    case 'entryRequest':
      i64(message.vlsn);
      break;
    case 'startStream':
      i64(message.startVlsn);
      break;
    case 'restoreRequest':
      i64(message.failedVlsn);
      break;
    case 'entry':
    case 'alternateMatchpoint':
      i64(message.vlsn);
      u64(9, message.lsn);
      u64(17, message.fingerprint);
      bytes[25] = message.isSync ? 1 : 0;
  }
  return bytes;
}

/**
 * Reads one syncup message from the whole of `bytes`.
 *
 * Throws a `WireError`: `truncated` for a short or empty body, `variant` for an unknown
 * opcode, and, unless lenient, `trailing` and `range` (isSync over 1).
 */
export function decodeSyncup(bytes: Uint8Array, options?: DecodeSyncupOptions): SyncupMessage {
  if (bytes.length === 0) throw new WireError('truncated', 0, 'an opcode');
  const opcode = bytes[0]!;
  const type = TYPES[opcode - 1];
  if (type === undefined) throw new WireError('variant', 0, `an opcode of 1..7, not ${opcode}`);
  const length = LENGTHS[opcode]!;
  if (bytes.length < length) {
    throw new WireError('truncated', bytes.length, `${length} bytes for ${type}`);
  }
  const lenient = options?.lenient === true;
  if (bytes.length > length && !lenient) {
    throw new WireError('trailing', length, `no more than ${length} bytes for ${type}`);
  }
  if (length === 1) return { type } as SyncupMessage;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const vlsn = view.getBigInt64(1, true);
  switch (type) {
    case 'startStream':
      return { type, startVlsn: vlsn };
    case 'restoreRequest':
      return { type, failedVlsn: vlsn };
    case 'entry':
    case 'alternateMatchpoint': {
      const flag = bytes[25]!;
      if (flag > 1 && !lenient) throw new WireError('range', 25, `isSync of 0 or 1, not ${flag}`);
      const entry: SyncupEntry = {
        vlsn,
        lsn: view.getBigUint64(9, true),
        fingerprint: view.getBigUint64(17, true),
        isSync: flag !== 0,
      };
      return { type, ...entry };
    }
    default:
      return { type: 'entryRequest', vlsn };
  }
}
