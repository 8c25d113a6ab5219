import type { Message, RefusalReason } from '@shoal/consensus';
import { ByteReader, ByteWriter, crc32 } from '@shoal/wire';
import { readU32le, readU64le, writeU32le, writeU64le } from '@shoal/wire/internal';
import { MAX_NAME_BYTES } from '../members/node-metadata.ts';
import {
  MAX_VOTERS,
  readFlag,
  readId,
  readName,
  readNames,
  readOptionalId,
  readPosition,
  readVoters,
  writeFlag,
  writeId,
  writeName,
  writeNames,
  writeOptionalId,
  writePosition,
  writeVoters,
} from './fields.ts';

/** `SHCN` as a little-endian u32. */
const MAGIC = 0x4e434853;
/** The version of the service that this package speaks. */
const VERSION = 1;
const CHECKSUM_BYTES = 4;

/** Begins a connection: who talks to whom, in which cluster. */
export interface Hello {
  readonly type: 'hello';
  /** The tag of the cluster's label. */
  readonly label: number;
  readonly from: string;
  readonly to: string;
}

/** What a frame of the service holds. */
export type Frame = Hello | Message;

/** In the order of their bytes. */
const REASONS: readonly RefusalReason[] = ['voted', 'other-log', 'other-voters', 'impossible-term'];

/** The most that a frame takes: the answer to a pre-vote, with the longest list of voters. */
export const MAX_FRAME_BYTES: number =
  1 + 8 + 1 + 8 + 16 + 1 + MAX_VOTERS * (1 + MAX_NAME_BYTES + 16) + CHECKSUM_BYTES;

/** How one type of frame is written and read: its opcode, and what follows. */
interface Format<F extends Frame> {
  readonly opcode: number;
  readonly write: (w: ByteWriter, frame: F) => void;
  readonly read: (r: ByteReader) => Omit<F, 'type'>;
}

const FORMATS: { readonly [T in Frame['type']]: Format<Extract<Frame, { type: T }>> } = {
  hello: {
    opcode: 1,
    write: (w, { label, from, to }) => {
      writeU32le(w, MAGIC);
      w.u8(VERSION);
      writeU32le(w, label);
      writeName(w, from);
      writeName(w, to);
    },
    read: (r) => {
      if (readU32le(r) !== MAGIC) r.fail('magic', 'SHCN', 1);
      if (r.u8() !== VERSION) r.fail('version', `version ${VERSION}`, 5);
      return { label: readU32le(r), from: readName(r), to: readName(r) };
    },
  },
  preVoteRequest: {
    opcode: 2,
    write: (w, { term, logId }) => {
      writeU64le(w, term);
      writeOptionalId(w, logId);
    },
    read: (r) => ({ term: readU64le(r), logId: readOptionalId(r) }),
  },
  preVoteReply: {
    opcode: 3,
    write: (w, { term, granted, votedTerm, position, configuration }) => {
      writeU64le(w, term);
      writeFlag(w, granted);
      writeU64le(w, votedTerm);
      writePosition(w, position);
      writeVoters(w, configuration);
    },
    read: (r) => ({
      term: readU64le(r),
      granted: readFlag(r),
      votedTerm: readU64le(r),
      position: readPosition(r),
      configuration: readVoters(r),
    }),
  },
  voteRequest: {
    opcode: 4,
    write: (w, { term, life, logId, founding }) => {
      writeU64le(w, term);
      writeId(w, life);
      writeOptionalId(w, logId);
      writeNames(w, founding);
    },
    read: (r) => ({
      term: readU64le(r),
      life: readId(r),
      logId: readOptionalId(r),
      founding: readNames(r),
    }),
  },
  grant: {
    opcode: 5,
    write: (w, { term, life, storeId, position }) => {
      writeU64le(w, term);
      writeId(w, life);
      writeId(w, storeId);
      writePosition(w, position);
    },
    read: (r) => ({
      term: readU64le(r),
      life: readId(r),
      storeId: readId(r),
      position: readPosition(r),
    }),
  },
  refusal: {
    opcode: 6,
    write: (w, { term, reason, votedTerm, storeId }) => {
      writeU64le(w, term);
      w.u8(REASONS.indexOf(reason));
      writeU64le(w, votedTerm);
      writeId(w, storeId);
    },
    read: (r) => ({
      term: readU64le(r),
      reason: readReason(r),
      votedTerm: readU64le(r),
      storeId: readId(r),
    }),
  },
  heartbeat: {
    opcode: 7,
    write: (w, { term, commit, logId }) => {
      writeU64le(w, term);
      writeU64le(w, commit);
      writeOptionalId(w, logId);
    },
    read: (r) => ({ term: readU64le(r), commit: readU64le(r), logId: readOptionalId(r) }),
  },
  acknowledgement: {
    opcode: 8,
    write: (w, { term, storeId, index }) => {
      writeU64le(w, term);
      writeId(w, storeId);
      writeU64le(w, index);
    },
    read: (r) => ({ term: readU64le(r), storeId: readId(r), index: readU64le(r) }),
  },
  campaignNow: {
    opcode: 9,
    write: (w, { term }) => writeU64le(w, term),
    read: (r) => ({ term: readU64le(r) }),
  },
};

const TYPES = new Map(
  Object.entries(FORMATS).map(([type, { opcode }]) => [opcode, type as Frame['type']]),
);

/**
 * Encodes a frame. Integers are little-endian; a name is its length in one byte, 1..64, then UTF-8;
 * an id is 16 bytes; `id?` is 0, or 1 and an id; a list is its length in one byte, 0..64, then its
 * items, and an empty one stands for none:
 *
 * ```
 * frame           := opcode:u8, fields, crc32:u32
 * hello           = 1: magic:u32 = "SHCN", version:u8 = 1, label:u32, from:name, to:name
 * preVoteRequest  = 2: term:u64, logId:id?
 * preVoteReply    = 3: term:u64, granted:u8 (0 or 1), votedTerm:u64, lastTerm:u64, last:u64,
 *                      voters:list of (name, storeId:id), ascending by name
 * voteRequest     = 4: term:u64, life:id, logId:id?, founding:list of name
 * grant           = 5: term:u64, life:id, storeId:id, lastTerm:u64, last:u64
 * refusal         = 6: term:u64, reason:u8 (0 voted, 1 other log, 2 other voters, 3 impossible
 *                      term), votedTerm:u64, storeId:id
 * heartbeat       = 7: term:u64, commit:u64, logId:id?
 * acknowledgement = 8: term:u64, storeId:id, index:u64
 * campaignNow     = 9: term:u64
 * ```
 *
 * The checksum is that of all bytes before it: a bit that flips in a term must not stop a cluster.
 * Throws a `WireError`: `range`, `length`, `utf8`.
 */
export function encodeFrame(frame: Frame): Uint8Array {
  const w = new ByteWriter({ capacity: 64 });
  const format = FORMATS[frame.type] as Format<Frame>;
  w.u8(format.opcode);
  format.write(w, frame);
  writeU32le(w, crc32(w.bytes.subarray(0, w.offset)));
  return w.copy();
}

/**
 * Decodes a frame. Throws a `WireError`: `truncated`, `trailing`, `variant`, `magic`, `version`,
 * `length`, `utf8`, `checksum`. The checksum is verified before the fields are read.
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  const r = new ByteReader(bytes);
  const end = bytes.length - CHECKSUM_BYTES;
  if (end < 1) r.fail('truncated', `at least ${1 + CHECKSUM_BYTES} bytes`, bytes.length);
  const opcode = r.u8();
  const type = TYPES.get(opcode);
  if (type === undefined) {
    return r.fail('variant', `an opcode of 1..${TYPES.size}, not ${opcode}`, 0);
  }
  r.offset = end;
  if (readU32le(r) !== crc32(bytes.subarray(0, end))) r.fail('checksum', 'the crc32', end);
  r.offset = 1;
  r.end = end;
  const format = FORMATS[type] as Format<Frame>;
  const frame = { type, ...format.read(r) } as Frame;
  r.finish();
  return frame;
}

function readReason(r: ByteReader): RefusalReason {
  const reason = REASONS[r.u8()];
  if (reason === undefined) r.fail('variant', `0..${REASONS.length - 1}`, r.offset - 1);
  return reason;
}
