import { ByteReader } from '@shoal/wire';
import { encodeMessage } from '../src/messages/message-codec.ts';
import { MESSAGE_TYPE } from '../src/messages/message-type.ts';
import { readBody } from '../src/packets/body.ts';
import { encodeCompound, readCompound } from '../src/packets/compound.ts';
import { compress, readCompressed } from '../src/packets/compression.ts';
import { decodeSerfMessage, encodeSerfMessage } from '../src/serf/serf-codec.ts';
import { decodeSerfCoordinate, encodeSerfCoordinate } from '../src/serf/serf-coordinate.ts';
import { decodeSerfFilter, encodeSerfFilter } from '../src/serf/serf-filter.ts';
import type { SerfMessage } from '../src/serf/serf-message.ts';
import { decodeSerfTags, encodeSerfTags } from '../src/serf/serf-tags.ts';
import { decodeStreamBody, encodeStreamBody } from '../src/streams/stream-body.ts';
import { messageAsRead } from './as-read.test-helper.ts';

// Decodes bytes to the innermost value and encodes that again, layer by layer.

/** What was decoded, in the form of the vectors, and the bytes that it encodes to. */
export interface Again {
  readonly read: Record<string, unknown>;
  readonly bytes: Uint8Array;
}

const LIMIT = 1_000_000;

/** The body of a packet. */
export function packetBodyAgain(body: Uint8Array, serf: boolean): Again {
  const reader = new ByteReader(body);
  const type = reader.u8();
  if (type === MESSAGE_TYPE.compound) {
    const parts: Again[] = [];
    readCompound(reader, () => {
      const part = body.subarray(reader.offset, reader.end);
      parts.push(packetBodyAgain(part, serf));
    });
    reader.finish();
    const bytes = encodeCompound(parts.map((part) => part.bytes));
    return { read: { compound: parts.map(({ read }) => read) }, bytes };
  }
  if (type === MESSAGE_TYPE.compress) {
    const inner = packetBodyAgain(readCompressed(reader, LIMIT), serf);
    reader.finish();
    return { read: { compress: inner.read }, bytes: compress(inner.bytes) };
  }
  const { messages, errors } = readBody(body, LIMIT);
  const [message] = messages;
  if (message === undefined) throw errors[0];
  const read = messageAsRead(message, serf);
  if (!serf) return { read, bytes: encodeMessage(message) };
  switch (message.type) {
    case 'user':
      return { read, bytes: encodeMessage({ ...message, payload: serfAgain(message.payload) }) };
    case 'alive':
      return { read, bytes: encodeMessage({ ...message, meta: tagsAgain(message.meta) }) };
    case 'ack': {
      const payload = message.payload && coordinateAgain(message.payload);
      return { read, bytes: encodeMessage({ ...message, payload }) };
    }
    default:
      return { read, bytes: encodeMessage(message) };
  }
}

/** The body of a stream. */
export function streamBodyAgain(body: Uint8Array, serf: boolean): Again {
  if (body[0] === MESSAGE_TYPE.compress) {
    const reader = new ByteReader(body);
    reader.skip(1);
    const inner = streamBodyAgain(readCompressed(reader, LIMIT), serf);
    reader.finish();
    return { read: inner.read, bytes: compress(inner.bytes) };
  }
  const message = decodeStreamBody(body, LIMIT);
  const read = messageAsRead(message, serf);
  if (!serf || message.type !== 'pushPull') return { read, bytes: encodeStreamBody(message) };
  const nodes = message.nodes.map((node) => ({ ...node, meta: tagsAgain(node.meta) }));
  const userState = serfAgain(message.userState);
  return { read, bytes: encodeStreamBody({ ...message, nodes, userState }) };
}

function serfAgain(bytes: Uint8Array): Uint8Array {
  return encodeSerfMessage(innerAgain(decodeSerfMessage(bytes)));
}

/** A message of Serf with what is encoded in it encoded again. */
function innerAgain(message: SerfMessage): SerfMessage {
  switch (message.type) {
    case 'relay':
      return { ...message, message: serfAgain(message.message) };
    case 'query': {
      const filters = message.filters?.map((each) => encodeSerfFilter(decodeSerfFilter(each)));
      return { ...message, filters, payload: payloadAgain(message.payload) };
    }
    case 'queryResponse':
      return { ...message, payload: payloadAgain(message.payload) };
    default:
      return message;
  }
}

function payloadAgain(payload: Uint8Array | undefined): Uint8Array | undefined {
  return payload?.[0] === 7 || payload?.[0] === 8 ? serfAgain(payload) : payload;
}

function tagsAgain(meta: Uint8Array | undefined): Uint8Array {
  return encodeSerfTags(decodeSerfTags(meta));
}

function coordinateAgain(payload: Uint8Array): Uint8Array {
  return encodeSerfCoordinate(decodeSerfCoordinate(payload));
}
