import { ByteReader, ByteWriter, WireError } from '@shoal/wire';
import { readU48le, readU64le, writeU48le, writeU64le } from '@shoal/wire/internal';
import { NodeError } from '../errors.ts';

/** The version of the format that this package writes. */
const VERSION = 1;
const MAGIC = 0x4e;
/** The longest name of a node, in bytes of UTF-8. */
export const MAX_NAME_BYTES = 64;
/** The longest address, in bytes of UTF-8. */
const MAX_ADDRESS_BYTES = 128;
/** How many bytes of metadata the application may use. */
export const MAX_APPLICATION_BYTES = 128;

/** What a node does with the log: it leads, follows a leader, or neither. */
export type Role = 'member' | 'leader' | 'follower';

/** In the order of their bytes. */
export const ROLES: readonly Role[] = ['member', 'leader', 'follower'];
const HAS_STREAM_ADDRESS = 1;
const HAS_WEB_SOCKET_ADDRESS = 2;

/** What a node says about itself to the cluster. */
export interface NodeMetadata {
  /** 1..64 bytes of UTF-8, unique in the cluster. */
  readonly name: string;
  readonly role: Role;
  /** The term in which it leads or follows; for a `member`, the highest in which it has voted. */
  readonly term: bigint;
  /** When this life of the node began, in ms since 1970 by its own clock: 0..2^48-1. */
  readonly started: number;
  /** Where it accepts streams, if not at its datagram address. */
  readonly streamAddress?: string | undefined;
  /** Where it accepts streams over WebSocket, if it does. */
  readonly webSocketAddress?: string | undefined;
  /** The application's own bytes, 0..128. */
  readonly application: Uint8Array;
}

/**
 * Encodes metadata, in version 1 of its format:
 *
 * ```
 * metadata := magic:u8 = 4e, version:u8 = 1, role:u8, flags:u8, term:u64, started:u48,
 *             name:text8, [ streamAddress:text8 ], [ webSocketAddress:text8 ], application
 * ```
 *
 * `role` is 0 for member, 1 for leader, 2 for follower. Bit 0 of `flags` is set if `streamAddress`
 * is present, bit 1 if `webSocketAddress` is. Integers are little-endian; text8 is a length in one
 * byte, then UTF-8. Throws `argument` for a name, an address or application bytes that are too
 * long.
 */
export function encodeNodeMetadata(metadata: NodeMetadata): Uint8Array {
  const { name, role, term, started, streamAddress, webSocketAddress, application } = metadata;
  const w = new ByteWriter({ capacity: 128 });
  w.u8(MAGIC);
  w.u8(VERSION);
  w.u8(ROLES.indexOf(role));
  w.u8(
    (streamAddress === undefined ? 0 : HAS_STREAM_ADDRESS) |
      (webSocketAddress === undefined ? 0 : HAS_WEB_SOCKET_ADDRESS),
  );
  writeU64le(w, term);
  writeU48le(w, started);
  writeText(w, { text: name, max: MAX_NAME_BYTES, what: 'name' });
  if (streamAddress !== undefined) {
    writeText(w, { text: streamAddress, max: MAX_ADDRESS_BYTES, what: 'streamAddress' });
  }
  if (webSocketAddress !== undefined) {
    writeText(w, { text: webSocketAddress, max: MAX_ADDRESS_BYTES, what: 'webSocketAddress' });
  }
  if (application.length > MAX_APPLICATION_BYTES) {
    const found = application.length;
    const text = `metadata must be 0..${MAX_APPLICATION_BYTES} bytes, not ${found}`;
    throw new NodeError('argument', text);
  }
  w.raw(application);
  return w.copy();
}

/** Throws `argument` for text that is empty, too long or not valid Unicode. */
function writeText(
  w: ByteWriter,
  { text, max, what }: { readonly text: string; readonly max: number; readonly what: string },
): void {
  if (/\p{Surrogate}/u.test(text)) {
    throw new NodeError('argument', `${what} must be valid Unicode: it has a lone surrogate`);
  }
  const at = w.reserve(1);
  const length = w.text(text);
  if (length < 1 || length > max) {
    throw new NodeError('argument', `${what} must be 1..${max} bytes of UTF-8, not ${length}`);
  }
  w.bytes[at] = length;
}

/**
 * Decodes what {@link encodeNodeMetadata} encodes. Undefined for anything else: a member need not
 * be a node, and may speak a later version.
 */
export function decodeNodeMetadata(bytes: Uint8Array): NodeMetadata | undefined {
  const r = new ByteReader(bytes);
  try {
    if (r.u8() !== MAGIC || r.u8() !== VERSION) return undefined;
    const role = ROLES[r.u8()];
    const flags = r.u8();
    if (role === undefined || flags > (HAS_STREAM_ADDRESS | HAS_WEB_SOCKET_ADDRESS)) {
      return undefined;
    }
    const metadata = {
      role,
      term: readU64le(r),
      started: readU48le(r),
      name: readText(r, MAX_NAME_BYTES),
      streamAddress: flags & HAS_STREAM_ADDRESS ? readText(r, MAX_ADDRESS_BYTES) : undefined,
      webSocketAddress: flags & HAS_WEB_SOCKET_ADDRESS ? readText(r, MAX_ADDRESS_BYTES) : undefined,
    };
    if (r.remaining > MAX_APPLICATION_BYTES) return undefined;
    return { ...metadata, application: r.view(r.remaining).slice() };
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

function readText(r: ByteReader, max: number): string {
  const length = r.u8();
  if (length < 1 || length > max) r.fail('length', `1..${max} bytes`);
  return r.text(length);
}
