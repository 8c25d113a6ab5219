import { ByteReader, ByteWriter } from '@shoal/wire';
import { readU32le, readU64le, writeU32le, writeU64le } from '@shoal/wire/internal';
import { MAX_NAME_BYTES } from '../members/node-metadata.ts';

/** `SHPR` as a little-endian u32. */
const MAGIC = 0x52504853;
/** The version of the service that this package speaks. */
export const VOTE_VERSION = 1;

const OP_REQUEST = 1;
const OP_REPLY = 2;

/** How far a log is: the term that its last entry was written in, and that entry's VLSN. */
export interface LogPosition {
  /** 0: before any term. */
  readonly term: bigint;
  /** 0: the log is empty. */
  readonly last: bigint;
}

/** Whether `a` is ahead of `b`: a later term, or more of the same one. Source: Raft, 5.4.1. */
export function isAhead(a: LogPosition, b: LogPosition): boolean {
  return a.term > b.term || (a.term === b.term && a.last > b.last);
}

/** A candidate asks a voter to refuse every term below `term`, and that one to anybody else. */
export interface VoteRequest {
  readonly type: 'request';
  /** The tag of the cluster's label. */
  readonly label: number;
  readonly term: bigint;
  /** The candidate's name. */
  readonly candidate: string;
  /** The voter that is meant: addresses may change hands. */
  readonly voter: string;
}

/** A voter's answer. */
export interface VoteReply {
  readonly type: 'reply';
  /** Whether the promise is given, and on stable storage. */
  readonly granted: boolean;
  /** The highest term that it has promised, to whomever. */
  readonly votedTerm: bigint;
  /** Where its log ends, and will end until a feeder of this term or a later one changes it. */
  readonly position: LogPosition;
  readonly voter: string;
}

export type VoteMessage = VoteRequest | VoteReply;

/**
 * A message as one frame. Integers are little-endian, text8 is a length in one byte and UTF-8:
 *
 * ```
 * request := opcode:u8 = 1, magic:u32 = "SHPR", version:u8 = 1, label:u32, term:u64,
 *            candidate:text8, voter:text8
 * reply   := opcode:u8 = 2, magic:u32, version:u8 = 1, granted:u8 (0 or 1), promised:u64,
 *            lastTerm:u64, last:u64, voter:text8
 * ```
 *
 * Throws a `WireError`: `range`, `length`, `utf8`.
 */
export function encodeVoteMessage(message: VoteMessage): Uint8Array {
  const w = new ByteWriter({ capacity: 64 });
  w.u8(message.type === 'request' ? OP_REQUEST : OP_REPLY);
  writeU32le(w, MAGIC);
  w.u8(VOTE_VERSION);
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
  return w.copy();
}

/**
 * Reads a frame. Throws a `WireError`: `truncated`, `trailing`, `variant`, `magic`, `version`,
 * `length`, `utf8`.
 */
export function decodeVoteMessage(bytes: Uint8Array): VoteMessage {
  const r = new ByteReader(bytes);
  const opcode = r.u8();
  if (opcode !== OP_REQUEST && opcode !== OP_REPLY) {
    r.fail('variant', `an opcode of 1..2, not ${opcode}`, 0);
  }
  if (readU32le(r) !== MAGIC) r.fail('magic', 'SHPR', 1);
  if (r.u8() !== VOTE_VERSION) r.fail('version', `version ${VOTE_VERSION}`, 5);
  let message: VoteMessage;
  if (opcode === OP_REQUEST) {
    message = {
      type: 'request',
      label: readU32le(r),
      term: readU64le(r),
      candidate: readName(r),
      voter: readName(r),
    };
  } else {
    const granted = r.u8();
    if (granted > 1) r.fail('variant', '0 or 1', r.offset - 1);
    message = {
      type: 'reply',
      granted: granted === 1,
      votedTerm: readU64le(r),
      position: { term: readU64le(r), last: readU64le(r) },
      voter: readName(r),
    };
  }
  r.finish();
  return message;
}

function writeName(w: ByteWriter, name: string): void {
  const at = w.reserve(1);
  const length = w.text(name);
  if (length < 1 || length > MAX_NAME_BYTES)
    w.fail('length', `a name of 1..${MAX_NAME_BYTES} bytes`);
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
