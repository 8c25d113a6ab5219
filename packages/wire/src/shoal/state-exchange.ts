import {
  readU16le,
  readU32le,
  readU64le,
  writeU16le,
  writeU32le,
  writeU64le,
} from '../bytes/little-endian.ts';
import { ByteReader } from '../bytes/reader.ts';
import { ByteWriter, rollback } from '../bytes/writer.ts';
import { WireError } from '../errors.ts';
import type { Member, MemberRecord } from '../swim/message.ts';
import type { SwimCodec } from '../swim/swim-codec.ts';
import { decodeShoalStream } from './stream-decoder.ts';
import { encodeShoalStream } from './stream-encoder.ts';

// The bytes are specified in docs/wire-protocol.md, "State exchange"; a test runs its examples.

/** `SHLM` read as a little-endian u32: the first bytes of a request. */
export const STATE_EXCHANGE_MAGIC = 0x4d4c4853;
/** The version of the state exchange that this package speaks. */
export const STATE_EXCHANGE_VERSION = 1;
/** The longest message of a state exchange, in bytes: longer ones are refused. */
export const MAX_STATE_MESSAGE = 65_536;

/**
 * The messages with which two members bring each other up to date over a stream, one a frame.
 * Members are encoded as in the datagrams of the same cluster.
 */
export type StateMessage<Id> =
  /** Initiator, first: here is my digest; tell me what you know if yours is another. */
  | { readonly type: 'stateRequest'; readonly label: number; readonly digest: bigint }
  /** Responder: my digest. If it is the same, that was all. */
  | { readonly type: 'stateReply'; readonly digest: bigint }
  /** Either: some of the members that the sender knows, itself among them. */
  | { readonly type: 'members'; readonly members: readonly Member<Id>[] }
  /** Either: those were all, and so many. */
  | { readonly type: 'membersEnd'; readonly total: number }
  /** Initiator, first: are you there? */
  | { readonly type: 'streamPing'; readonly label: number }
  /** Responder: this is who I am. */
  | { readonly type: 'streamPong'; readonly member: Member<Id> }
  /** Either, instead of what is due. As in the other streams. */
  | { readonly type: 'goodbye'; readonly code: number; readonly reason: string };

const OP_GOODBYE = 25;
const OP_STATE_REQUEST = 32;
const OP_STATE_REPLY = 33;
const OP_MEMBERS = 34;
const OP_MEMBERS_END = 35;
const OP_STREAM_PING = 36;
const OP_STREAM_PONG = 37;

/**
 * One message as bytes. Throws a `WireError` for a bad value: the codes of the codec's members,
 * `range`, and `length` when it would be longer than {@link MAX_STATE_MESSAGE}.
 */
export function encodeStateMessage<Id>(
  codec: SwimCodec<Id>,
  message: StateMessage<Id>,
): Uint8Array {
  if (message.type === 'goodbye') return encodeShoalStream(message);
  const w = new ByteWriter({ capacity: 64 });
  switch (message.type) {
    case 'stateRequest':
      writePreamble(w, OP_STATE_REQUEST, message.label);
      writeU64le(w, message.digest);
      break;
    case 'stateReply':
      w.u8(OP_STATE_REPLY);
      writeU64le(w, message.digest);
      break;
    case 'members':
      w.u8(OP_MEMBERS);
      writeU16le(w, message.members.length);
      for (const member of message.members) codec.writeMember(w, member);
      break;
    case 'membersEnd':
      w.u8(OP_MEMBERS_END);
      writeU32le(w, message.total);
      break;
    case 'streamPing':
      writePreamble(w, OP_STREAM_PING, message.label);
      break;
    case 'streamPong':
      w.u8(OP_STREAM_PONG);
      codec.writeMember(w, message.member);
  }
  if (w.offset > MAX_STATE_MESSAGE) w.fail('length', `at most ${MAX_STATE_MESSAGE} bytes`);
  return w.copy();
}

/**
 * All of `members` as `members` messages, each as full as it goes, and the `membersEnd` behind
 * them. Each message is made when it is asked for. Throws as {@link encodeStateMessage}.
 */
export function* encodeStateMembers<Id>(
  codec: SwimCodec<Id>,
  members: Iterable<Member<Id>>,
): Generator<Uint8Array, void> {
  const w = new ByteWriter({ capacity: 4096 });
  let count = 0;
  let total = 0;
  const begin = (): void => {
    w.reset().u8(OP_MEMBERS);
    writeU16le(w, 0);
    count = 0;
  };
  const finish = (): Uint8Array => {
    w.bytes[1] = count;
    w.bytes[2] = count >>> 8;
    return w.copy();
  };
  begin();
  for (const member of members) {
    const mark = w.offset;
    codec.writeMember(w, member);
    if (w.offset > MAX_STATE_MESSAGE || count === 0xffff) {
      rollback(w, mark);
      if (count === 0) w.fail('length', `a member of at most ${MAX_STATE_MESSAGE} bytes`);
      yield finish();
      begin();
      codec.writeMember(w, member);
    }
    count++;
    total++;
  }
  if (count > 0) yield finish();
  yield encodeStateMessage(codec, { type: 'membersEnd', total });
}

/**
 * Reads one message from a whole frame. Throws a `WireError`: `length` for one that is longer
 * than {@link MAX_STATE_MESSAGE}, `truncated`, `trailing`, `variant` (unknown opcode), `magic`,
 * `version`, and the codes of the codec's members.
 */
export function decodeStateMessage<Id>(codec: SwimCodec<Id>, bytes: Uint8Array): StateMessage<Id> {
  if (bytes.length > MAX_STATE_MESSAGE) {
    throw new WireError('length', MAX_STATE_MESSAGE, `at most ${MAX_STATE_MESSAGE} bytes`);
  }
  const r = new ByteReader(bytes);
  const opcode = r.u8();
  switch (opcode) {
    case OP_STATE_REQUEST:
      readPreamble(r);
      return ended(r, { type: 'stateRequest', label: readU32le(r), digest: readU64le(r) });
    case OP_STATE_REPLY:
      return ended(r, { type: 'stateReply', digest: readU64le(r) });
    case OP_MEMBERS: {
      const count = readU16le(r);
      const members: Member<Id>[] = [];
      // A member takes a byte at least, so that nothing is made on a mere count's say-so.
      if (count > r.remaining) r.fail('length', 'a count of members that follow', 1);
      for (let i = 0; i < count; i++) members.push(readMember(codec, r));
      return ended(r, { type: 'members', members });
    }
    case OP_MEMBERS_END:
      return ended(r, { type: 'membersEnd', total: readU32le(r) });
    case OP_STREAM_PING:
      readPreamble(r);
      return ended(r, { type: 'streamPing', label: readU32le(r) });
    case OP_STREAM_PONG:
      return ended(r, { type: 'streamPong', member: readMember(codec, r) });
    case OP_GOODBYE: {
      const message = decodeShoalStream(bytes);
      if (message.type === 'goodbye') return message;
    }
  }
  return r.fail('variant', `an opcode of 25 or 32..37, not ${opcode}`, 0);
}

function writePreamble(w: ByteWriter, opcode: number, label: number): void {
  w.u8(opcode);
  writeU32le(w, STATE_EXCHANGE_MAGIC);
  w.u8(STATE_EXCHANGE_VERSION);
  writeU32le(w, label);
}

function readPreamble(r: ByteReader): void {
  const magic = readU32le(r);
  if (magic !== STATE_EXCHANGE_MAGIC) {
    r.fail('magic', `${STATE_EXCHANGE_MAGIC.toString(16)}, not ${magic.toString(16)}`, 1);
  }
  const version = r.u8();
  if (version !== STATE_EXCHANGE_VERSION) {
    r.fail('version', `version ${STATE_EXCHANGE_VERSION}, not ${version}`, 5);
  }
}

function readMember<Id>(codec: SwimCodec<Id>, r: ByteReader): Member<Id> {
  const into = {} as MemberRecord<Id>;
  codec.readMember(r, into);
  const { id, incarnation, state, suspector, left } = into;
  return {
    id,
    incarnation,
    state,
    ...(suspector === undefined ? {} : { suspector }),
    ...(left ? { left } : {}),
  };
}

function ended<Id>(r: ByteReader, message: StateMessage<Id>): StateMessage<Id> {
  r.finish();
  return message;
}
