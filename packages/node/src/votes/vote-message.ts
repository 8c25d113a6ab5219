import { ByteReader, ByteWriter, crc32 } from '@shoal/wire';
import { readU32le, readU64le, writeU32le, writeU64le } from '@shoal/wire/internal';
import { MAX_NAME_BYTES } from '../members/node-metadata.ts';
import type { LogPosition } from './log-position.ts';

/** `SHPR` as a little-endian u32. */
const MAGIC = 0x52504853;
/** The version of the service that this package speaks. */
const VERSION = 1;

const OP_REQUEST = 1;
const OP_REPLY = 2;

/** A candidate asks for a vote: to refuse all terms below `term`, and all others in it. */
export interface VoteRequest {
  readonly type: 'request';
  /** The tag of the cluster's label. */
  readonly label: number;
  readonly term: bigint;
  /** The candidate's name. */
  readonly candidate: string;
  /** The name of the voter that is asked: its address may have changed hands. */
  readonly voter: string;
}

/** A voter's answer. */
export interface VoteReply {
  readonly type: 'reply';
  /** Whether the vote is granted, and on stable storage. */
  readonly granted: boolean;
  /** The highest term in which the voter has voted, for any candidate. */
  readonly votedTerm: bigint;
  /** Where its log ends. If it granted the vote, only a leader of this or a later term changes it. */
  readonly position: LogPosition;
  readonly voter: string;
}

export type VoteMessage = VoteRequest | VoteReply;

/**
 * Encodes a message as one frame. Integers are little-endian; text8 is a length in one byte, then
 * UTF-8:
 *
 * ```
 * request := opcode:u8 = 1, magic:u32 = "SHPR", version:u8 = 1, label:u32, term:u64,
 *            candidate:text8, voter:text8, crc32:u32
 * reply   := opcode:u8 = 2, magic:u32, version:u8 = 1, granted:u8 (0 or 1), votedTerm:u64,
 *            lastTerm:u64, last:u64, voter:text8, crc32:u32
 * ```
 *
 * The checksum is that of all bytes before it: a bit that flips in a term must not stop a cluster.
 * Throws a `WireError`: `range`, `length`, `utf8`.
 */
export function encodeVoteMessage(message: VoteMessage): Uint8Array {
  const w = new ByteWriter({ capacity: 64 });
  w.u8(message.type === 'request' ? OP_REQUEST : OP_REPLY);
  writeU32le(w, MAGIC);
  w.u8(VERSION);
  if (message.type === 'request') {
    writeU32le(w, message.label);
    writeU64le(w, message.term);
    writeName(w, message.candidate);
  } else {
    w.u8(message.granted ? 1 : 0);
    writeU64le(w, message.votedTerm);
    writeU64le(w, message.position.term);
    writeU64le(w, message.position.last);
  }
  writeName(w, message.voter);
  writeU32le(w, crc32(w.bytes.subarray(0, w.offset)));
  return w.copy();
}

/**
 * Decodes a frame. Throws a `WireError`: `truncated`, `trailing`, `variant`, `magic`, `version`,
 * `length`, `utf8`, `checksum`.
 */
export function decodeVoteMessage(bytes: Uint8Array): VoteMessage {
  const r = new ByteReader(bytes);
  const opcode = r.u8();
  if (opcode !== OP_REQUEST && opcode !== OP_REPLY) {
    r.fail('variant', `an opcode of 1..2, not ${opcode}`, 0);
  }
  if (readU32le(r) !== MAGIC) r.fail('magic', 'SHPR', 1);
  if (r.u8() !== VERSION) r.fail('version', `version ${VERSION}`, 5);
  const message = opcode === OP_REQUEST ? readRequest(r) : readReply(r);
  const end = r.offset;
  if (readU32le(r) !== crc32(bytes.subarray(0, end))) r.fail('checksum', 'the crc32', end);
  r.finish();
  return message;
}

function readRequest(r: ByteReader): VoteRequest {
  return {
    type: 'request',
    label: readU32le(r),
    term: readU64le(r),
    candidate: readName(r),
    voter: readName(r),
  };
}

function readReply(r: ByteReader): VoteReply {
  const granted = r.u8();
  if (granted > 1) r.fail('variant', '0 or 1', r.offset - 1);
  return {
    type: 'reply',
    granted: granted === 1,
    votedTerm: readU64le(r),
    position: { term: readU64le(r), last: readU64le(r) },
    voter: readName(r),
  };
}

function writeName(w: ByteWriter, name: string): void {
  const at = w.reserve(1);
  const length = w.text(name);
  if (length < 1 || length > MAX_NAME_BYTES) {
    w.fail('length', `a name of 1..${MAX_NAME_BYTES} bytes`);
  }
  w.bytes[at] = length;
}

function readName(r: ByteReader): string {
  const at = r.offset;
  const length = r.u8();
  if (length < 1 || length > MAX_NAME_BYTES) {
    r.fail('length', `a name of 1..${MAX_NAME_BYTES} bytes`, at);
  }
  return r.text(length);
}
