import type { PacketMessage, StreamMessage } from '../src/messages/message.ts';
import { decodeSerfMessage } from '../src/serf/serf-codec.ts';
import { decodeSerfCoordinate } from '../src/serf/serf-coordinate.ts';
import { decodeSerfFilter } from '../src/serf/serf-filter.ts';
import type { SerfMessage } from '../src/serf/serf-message.ts';
import { decodeSerfTags } from '../src/serf/serf-tags.ts';
import { toHex } from './vectors.test-helper.ts';

// Decoded values in the form in which the vectors give them: Go's names, bytes as text or hexadecimal.

/** The names in Go that are not ours with a capital letter. */
const GO_NAMES: Record<string, string> = {
  address: 'Addr',
  sourceAddress: 'SourceAddr',
  versions: 'Vsn',
  coalesce: 'CC',
  id: 'ID',
  ip: 'IP',
  vector: 'Vec',
  expression: 'Expr',
};

type Shown = Record<string, unknown>;

/** A message of a packet, or the only one of a stream. `serf`: what is in it is Serf's. */
export function messageAsRead(message: PacketMessage | StreamMessage, serf: boolean): Shown {
  switch (message.type) {
    case 'user':
      return {
        user: serf ? serfAsRead(decodeSerfMessage(message.payload)) : shown(message.payload),
      };
    case 'pushPull': {
      const { join, nodes, userState } = message;
      return {
        pushPull: { Join: join, Nodes: nodes.length, UserStateLen: userState.length },
        nodes: nodes.map((node) => ({ ...fields(node), Meta: metaAsRead(node.meta, serf) })),
        userState: serf ? serfAsRead(decodeSerfMessage(userState)) : shown(userState),
      };
    }
    case 'alive':
      return { alive: { ...fields(message), Meta: metaAsRead(message.meta, serf) } };
    case 'ack':
      return { ack: { ...fields(message), Payload: ackPayloadAsRead(message.payload, serf) } };
    case 'error':
      return { err: fields(message) };
    default:
      return { [message.type]: fields(message) };
  }
}

function serfAsRead(message: SerfMessage): Shown {
  switch (message.type) {
    case 'relay': {
      const relay = { DestAddr: shown(message.address), DestName: message.node };
      return { relay, message: serfAsRead(decodeSerfMessage(message.message)) };
    }
    case 'query': {
      const Filters = message.filters?.map((filter) => filterAsRead(filter!)) ?? null;
      return { query: { ...fields(message), Filters, Payload: payloadAsRead(message.payload) } };
    }
    case 'queryResponse':
      return { response: { ...fields(message), Payload: payloadAsRead(message.payload) } };
    default:
      return { [message.type]: fields(message) };
  }
}

function filterAsRead(bytes: Uint8Array): Shown {
  const filter = decodeSerfFilter(bytes);
  return filter.type === 'nodes' ? { nodes: filter.nodes } : { tag: fields(filter) };
}

/** A payload about keys is a message too. */
function payloadAsRead(payload: Uint8Array | undefined): unknown {
  const isMessage = payload?.[0] === 7 || payload?.[0] === 8;
  return isMessage ? serfAsRead(decodeSerfMessage(payload)) : shown(payload);
}

function ackPayloadAsRead(payload: Uint8Array | undefined, serf: boolean): unknown {
  if (payload === undefined || !serf) return shown(payload);
  return { coordinate: fields(decodeSerfCoordinate(payload)) };
}

function metaAsRead(meta: Uint8Array | undefined, serf: boolean): unknown {
  return serf ? Object.fromEntries(decodeSerfTags(meta)) : shown(meta);
}

function fields(value: object): Shown {
  const entries = Object.entries(value).filter(([name]) => name !== 'type');
  return Object.fromEntries(entries.map(([name, each]) => [goName(name), shown(each)]));
}

function goName(name: string): string {
  return GO_NAMES[name] ?? name[0]!.toUpperCase() + name.slice(1);
}

function shown(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint8Array) return bytesAsRead(value);
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, each]) => [key, shown(each)]));
  }
  if (Array.isArray(value)) return value.map(shown);
  return typeof value === 'object' && value !== null ? fields(value) : value;
}

function bytesAsRead(bytes: Uint8Array): string {
  const isText = bytes.length > 0 && bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
  return isText ? JSON.stringify(new TextDecoder().decode(bytes)) : `0x${toHex(bytes)}`;
}
