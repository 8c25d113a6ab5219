import { ByteReader, ByteWriter, type NodeIdentity, WireError } from '@shoal/wire';
import { readU64le, writeU64le } from '@shoal/wire/internal';
import { NodeError } from '../errors.ts';

/** The version of the form that this package writes. */
const VERSION = 1;
const MAGIC = 0x4e;
/** The longest name of a node, in bytes of UTF-8. */
export const MAX_NAME_BYTES = 64;
/** How many bytes of metadata are left for the application. */
export const MAX_APPLICATION_BYTES = 128;

/** What a node does with the log: nothing, feeds it, or follows its feeder. */
export type Role = 'member' | 'leader' | 'follower';

const ROLES: readonly Role[] = ['member', 'leader', 'follower'];
const HAS_STREAMS = 1;
const HAS_WEB_SOCKET = 2;

/** What a node tells of itself with the membership. */
export interface NodeMetadata {
  /** 1..64 bytes of UTF-8, unique in the cluster. */
  readonly name: string;
  readonly role: Role;
  /** The term in which it feeds or follows; of a `member` the highest that it has promised. */
  readonly term: bigint;
  /** Where it takes streams, if not where it takes datagrams. */
  readonly streamAddress?: string;
  /** Where it takes streams over WebSocket, if it does. */
  readonly webSocketAddress?: string;
  /** The application's own, 0..128 bytes. */
  readonly application: Uint8Array;
}

/**
 * Metadata as bytes, in version 1 of its form:
 *
 * ```
 * metadata := magic:u8 = 4e, version:u8 = 1, role:u8, flags:u8, term:u64, name:text8,
 *             [ streams:text8 ], [ webSocket:text8 ], application
 * ```
 *
 * `role` is 0 member, 1 feeder, 2 replica; bit 0 of `flags` says that `streams` is there, bit 1
 * that `webSocket` is; integers are little-endian, text8 is a length in one byte and UTF-8.
 * Throws `argument` for a name or application bytes that are too long.
 */
export function encodeNodeMetadata(metadata: NodeMetadata): Uint8Array {
  const { name, role, term, streamAddress, webSocketAddress, application } = metadata;
  const w = new ByteWriter({ capacity: 128 });
  w.u8(MAGIC);
  w.u8(VERSION);
  w.u8(ROLES.indexOf(role));
  w.u8(
    (streamAddress === undefined ? 0 : HAS_STREAMS) |
      (webSocketAddress === undefined ? 0 : HAS_WEB_SOCKET),
  );
  writeU64le(w, term);
  writeText(w, name, MAX_NAME_BYTES, 'name');
  if (streamAddress !== undefined) writeText(w, streamAddress, 128, 'stream address');
  if (webSocketAddress !== undefined) writeText(w, webSocketAddress, 128, 'WebSocket address');
  if (application.length > MAX_APPLICATION_BYTES) {
    const found = application.length;
    throw new NodeError('argument', `metadata of ${MAX_APPLICATION_BYTES} bytes, not ${found}`);
  }
  w.raw(application);
  return w.copy();
}

function writeText(w: ByteWriter, text: string, max: number, what: string): void {
  const at = w.reserve(1);
  // A lone surrogate cannot be written, and a name with one is no text.
  const length = /\p{Surrogate}/u.test(text) ? 0 : w.text(text);
  if (length < 1 || length > max) {
    throw new NodeError('argument', `a ${what} is 1..${max} bytes of UTF-8, not ${length}`);
  }
  w.bytes[at] = length;
}

/**
 * Reads what {@link encodeNodeMetadata} wrote. Undefined for anything else: a member need not be
 * a node, and a later version is not understood.
 */
export function decodeNodeMetadata(bytes: Uint8Array): NodeMetadata | undefined {
  const r = new ByteReader(bytes);
  try {
    if (r.u8() !== MAGIC || r.u8() !== VERSION) return undefined;
    const role = ROLES[r.u8()];
    const flags = r.u8();
    if (role === undefined || flags > (HAS_STREAMS | HAS_WEB_SOCKET)) return undefined;
    const term = readU64le(r);
    const name = readText(r, MAX_NAME_BYTES);
    const streamAddress = (flags & HAS_STREAMS) !== 0 ? readText(r, 128) : undefined;
    const webSocketAddress = (flags & HAS_WEB_SOCKET) !== 0 ? readText(r, 128) : undefined;
    if (r.remaining > MAX_APPLICATION_BYTES) return undefined;
    return {
      name,
      role,
      term,
      ...(streamAddress === undefined ? {} : { streamAddress }),
      ...(webSocketAddress === undefined ? {} : { webSocketAddress }),
      application: r.view(r.remaining).slice(),
    };
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

/** Where a member takes streams; undefined if it is behind a gateway and takes none. */
export function streamAddressOf(id: NodeIdentity): string | undefined {
  const streamAddress = decodeNodeMetadata(id.metadata)?.streamAddress;
  if (streamAddress !== undefined) return streamAddress;
  return id.address.includes('!') ? undefined : id.address;
}
