import { tag, u8, u16, u32, u64 } from '../bytes/fields.ts';
import { putU16 } from '../bytes/little-endian.ts';
import { type Constant, type Field, MessageFamily } from '../bytes/message-format.ts';
import { ByteReader } from '../bytes/reader.ts';
import { ByteWriter, rollback } from '../bytes/writer.ts';
import { WireError } from '../errors.ts';
import { type Member, toMember } from '../swim/message.ts';
import type { SwimCodec } from '../swim/swim-codec.ts';
import { GOODBYE_LAYOUT, type Goodbye } from './goodbye.ts';

/** The longest message of a state exchange, in bytes. Longer ones are refused. */
export const MAX_STATE_MESSAGE = 65_536;

/**
 * The messages with which two members bring each other up to date over a stream, one per frame.
 * Members are encoded as in the datagrams of the same cluster.
 */
export type StateMessage<Id> =
  /** The initiator's first message: its digest. It asks for the members if the digests differ. */
  | { readonly type: 'stateRequest'; readonly label: number; readonly digest: bigint }
  /** The responder's digest. If the digests are equal, the exchange is over. */
  | { readonly type: 'stateReply'; readonly digest: bigint }
  /** From either side: some of the members that the sender knows, including itself. */
  | { readonly type: 'members'; readonly members: readonly Member<Id>[] }
  /** From either side: there are no more members, and this many were sent. */
  | { readonly type: 'membersEnd'; readonly total: number }
  /** The initiator's first message of a ping. */
  | { readonly type: 'streamPing'; readonly label: number }
  /** The responder's answer to a ping: itself. */
  | { readonly type: 'streamPong'; readonly member: Member<Id> }
  /** From either side, in place of any other message. */
  | Goodbye;

/** Members are encoded by the codec of the cluster, which is passed along. */
type InCluster<T> = Field<T, SwimCodec<unknown>>;

export const member: InCluster<Member<unknown>> = {
  encode: (writer, value, codec) => codec.writeMember(writer, value),
  decode: (reader, codec) => toMember(codec.readMember(reader)),
};

export const members: InCluster<readonly Member<unknown>[]> = {
  encode(writer, list, codec) {
    u16.encode(writer, list.length);
    for (const each of list) codec.writeMember(writer, each);
  },
  decode(reader, codec) {
    const count = u16.decode(reader);
    // A member takes at least one byte, so no memory is reserved for members that cannot be there.
    if (count > reader.remaining) reader.fail('length', 'a count of members that follow', 1);
    const list: Member<unknown>[] = [];
    for (let i = 0; i < count; i++) list.push(toMember(codec.readMember(reader)));
    return list;
  },
};

/** The start of the first message in a conversation. The magic is `SHLM`. */
const preamble: Readonly<Record<string, Constant>> = {
  magic: { codec: tag, value: 0x4d4c4853, code: 'magic' },
  version: { codec: u8, value: 1, code: 'version' },
};

/** Each message as docs/wire-protocol.md specifies it, under "State exchange". */
export const STATE_MESSAGES: MessageFamily<
  StateMessage<unknown>,
  SwimCodec<unknown>
> = /* @__PURE__ */ new MessageFamily<StateMessage<unknown>, SwimCodec<unknown>>({
  stateRequest: { opcode: 32, preamble, fields: { label: tag, digest: u64 } },
  stateReply: { opcode: 33, fields: { digest: u64 } },
  members: { opcode: 34, fields: { members } },
  membersEnd: { opcode: 35, fields: { total: u32 } },
  streamPing: { opcode: 36, preamble, fields: { label: tag } },
  streamPong: { opcode: 37, fields: { member } },
  goodbye: GOODBYE_LAYOUT,
});

/**
 * One message as the bytes of a frame. Throws a `WireError` with code `range` or `utf8` for a value
 * that does not fit its field, `length` when the message would exceed {@link MAX_STATE_MESSAGE}, and
 * whatever the codec throws for its members.
 */
export function encodeStateMessage<Id>(
  codec: SwimCodec<Id>,
  message: StateMessage<Id>,
): Uint8Array {
  const format = STATE_MESSAGES.byType(message.type)!;
  const bytes = format.encode(message, codec as SwimCodec<unknown>);
  if (bytes.length > MAX_STATE_MESSAGE) {
    throw new WireError('length', bytes.length, `at most ${MAX_STATE_MESSAGE} bytes`);
  }
  return bytes;
}

/**
 * All of `members` in as few `members` messages as possible, then the `membersEnd`. Each message is
 * encoded when it is asked for. Throws like {@link encodeStateMessage}.
 */
export function* encodeStateMembers<Id>(
  codec: SwimCodec<Id>,
  all: Iterable<Member<Id>>,
): Generator<Uint8Array, void> {
  const writer = new ByteWriter({ capacity: 4096 });
  let count = 0;
  let total = 0;
  const begin = (): void => {
    writer.reset().u8(STATE_MESSAGES.byType('members')!.layout.opcode);
    u16.encode(writer, 0);
    count = 0;
  };
  const finish = (): Uint8Array => {
    putU16(writer.bytes, 1, count);
    return writer.copy();
  };
  begin();
  for (const each of all) {
    const mark = writer.offset;
    codec.writeMember(writer, each);
    if (writer.offset > MAX_STATE_MESSAGE || count === 0xffff) {
      rollback(writer, mark);
      if (count === 0) writer.fail('length', `a member of at most ${MAX_STATE_MESSAGE} bytes`);
      yield finish();
      begin();
      codec.writeMember(writer, each);
    }
    count++;
    total++;
  }
  if (count > 0) yield finish();
  yield encodeStateMessage(codec, { type: 'membersEnd', total });
}

/**
 * The message in a whole frame.
 *
 * Throws a `WireError` with code `length` for a frame longer than {@link MAX_STATE_MESSAGE},
 * `truncated`, `trailing`, `variant` for an unknown opcode, `magic`, `version`, `utf8`, and whatever
 * the codec throws for its members.
 */
export function decodeStateMessage<Id>(codec: SwimCodec<Id>, bytes: Uint8Array): StateMessage<Id> {
  checkStateLength(bytes);
  const reader = new ByteReader(bytes);
  const opcode = reader.u8();
  const format = STATE_MESSAGES.byOpcode(opcode);
  if (!format) return reader.fail('variant', `an opcode of 25 or 32..37, not ${opcode}`, 0);
  return format.decode(reader, codec as SwimCodec<unknown>) as StateMessage<Id>;
}

/** Throws `length` for a frame longer than {@link MAX_STATE_MESSAGE}. */
export function checkStateLength(bytes: Uint8Array): void {
  if (bytes.length > MAX_STATE_MESSAGE) {
    throw new WireError('length', MAX_STATE_MESSAGE, `at most ${MAX_STATE_MESSAGE} bytes`);
  }
}
