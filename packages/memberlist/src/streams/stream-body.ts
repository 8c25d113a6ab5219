import { ByteReader, ByteWriter } from '@shoal/wire';
import {
  NODE_STATE,
  PUSH_PULL_HEADER,
  type PushPullHeader,
  USER_HEADER,
} from '../messages/layouts.ts';
import type {
  NodeState,
  PushPullMessage,
  StreamMessage,
  UserMessage,
} from '../messages/message.ts';
import { readStruct, writeStruct } from '../messages/message-codec.ts';
import { MESSAGE_TYPE } from '../messages/message-type.ts';
import { readCompressed } from '../packets/compression.ts';

/** How many nodes a push/pull may have, as in memberlist. */
const MAX_NODES = 1_048_576;
/** How many bytes of user state or of a user message are read, as in memberlist: 20 MiB. */
const MAX_USER_LENGTH = 20_971_520;
/** No node takes less than this: a map with the key `Name` and a name of one byte. */
const MIN_NODE_LENGTH = 8;

/** The messages on streams whose body is one struct. */
const STRUCTS: ReadonlySet<'ping' | 'ack' | 'error'> = /* @__PURE__ */ new Set([
  'ping',
  'ack',
  'error',
] as const);

/** A message of a stream with its type, before compression and encryption. */
export function encodeStreamBody(message: StreamMessage): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(MESSAGE_TYPE[message.type]);
  if (message.type === 'pushPull') writePushPull(writer, message);
  else if (message.type === 'user') {
    USER_HEADER.encode(writer, { length: message.payload.length });
    writer.raw(message.payload);
  } else writeStruct(writer, message);
  return writer.copy();
}

function writePushPull(writer: ByteWriter, { join, nodes, userState }: PushPullMessage): void {
  const userStateLength = userState.length;
  PUSH_PULL_HEADER.encode(writer, { join, nodes: nodes.length, userStateLength });
  for (const node of nodes) NODE_STATE.encode(writer, node);
  writer.raw(userState);
}

/**
 * The message in a whole body, of which at most `maxLength` bytes are decompressed. What follows the
 * message is ignored.
 *
 * Throws a `WireError` with code `variant`, `range`, `utf8`, `length` or `truncated`. Offsets are
 * those in the decompressed bytes.
 */
export function decodeStreamBody(body: Uint8Array, maxLength: number): StreamMessage {
  const reader = new ByteReader(body);
  if (body[0] !== MESSAGE_TYPE.compress) return readMessage(reader);
  reader.skip(1);
  return readMessage(new ByteReader(readCompressed(reader, maxLength)));
}

function readMessage(reader: ByteReader): StreamMessage {
  const type = reader.u8();
  if (type === MESSAGE_TYPE.pushPull) return readPushPull(reader);
  if (type === MESSAGE_TYPE.user) return readUser(reader);
  reader.offset--;
  return readStruct(reader, STRUCTS);
}

function readPushPull(reader: ByteReader): PushPullMessage {
  const { join, nodes: count, userStateLength } = readPushPullHeader(reader);
  if (count > reader.remaining / MIN_NODE_LENGTH) {
    reader.fail('length', `a number of nodes that ${reader.remaining} bytes can hold`);
  }
  const nodes: NodeState[] = [];
  for (let i = 0; i < count; i++) nodes.push(NODE_STATE.decode(reader));
  return { type: 'pushPull', join, nodes, userState: reader.view(userStateLength) };
}

function readUser(reader: ByteReader): UserMessage {
  return { type: 'user', payload: reader.view(readUserLength(reader)) };
}

/** Reads the header of a push/pull. Throws `length` if it announces more than memberlist takes. */
export function readPushPullHeader(reader: ByteReader): PushPullHeader {
  const start = reader.offset;
  const header = PUSH_PULL_HEADER.decode(reader);
  if (header.nodes > MAX_NODES) {
    reader.fail('length', `at most ${MAX_NODES} nodes, not ${header.nodes}`, start);
  }
  checkUserLength(reader, header.userStateLength, start);
  return header;
}

/** Reads the header of a user message. Throws `length` if it announces more than memberlist takes. */
export function readUserLength(reader: ByteReader): number {
  const start = reader.offset;
  const { length } = USER_HEADER.decode(reader);
  checkUserLength(reader, length, start);
  return length;
}

function checkUserLength(reader: ByteReader, length: number, start: number): void {
  if (length <= MAX_USER_LENGTH) return;
  reader.fail('length', `at most ${MAX_USER_LENGTH} bytes, not ${length}`, start);
}
