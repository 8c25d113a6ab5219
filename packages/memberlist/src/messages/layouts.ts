import { boolean, bytes, count, text, u8, u16, u32 } from '../msgpack/fields.ts';
import { field, optional, Struct } from '../msgpack/struct.ts';
import type {
  AckMessage,
  AliveMessage,
  DeadMessage,
  ErrorMessage,
  IndirectPingMessage,
  NackMessage,
  NodeState,
  PacketMessage,
  PingMessage,
  StreamMessage,
  SuspectMessage,
} from './message.ts';
import { MESSAGE_TYPE } from './message-type.ts';

// The fields of each message in the order of their bytes, with their names in Go.

const ping: Struct<PingMessage> = /* @__PURE__ */ new Struct<PingMessage>(
  {
    node: field('Node', text),
    seqNo: field('SeqNo', u32),
    sourceAddress: optional('SourceAddr', bytes),
    sourceNode: optional('SourceNode', text),
    sourcePort: optional('SourcePort', u16),
  },
  'ping',
);

const indirectPing: Struct<IndirectPingMessage> = /* @__PURE__ */ new Struct<IndirectPingMessage>(
  {
    nack: field('Nack', boolean),
    node: field('Node', text),
    port: field('Port', u16),
    seqNo: field('SeqNo', u32),
    sourceAddress: optional('SourceAddr', bytes),
    sourceNode: optional('SourceNode', text),
    sourcePort: optional('SourcePort', u16),
    target: field('Target', bytes),
  },
  'indirectPing',
);

const ack: Struct<AckMessage> = /* @__PURE__ */ new Struct<AckMessage>(
  { payload: field('Payload', bytes), seqNo: field('SeqNo', u32) },
  'ack',
);

const nack: Struct<NackMessage> = /* @__PURE__ */ new Struct<NackMessage>(
  { seqNo: field('SeqNo', u32) },
  'nack',
);

const suspect: Struct<SuspectMessage> = /* @__PURE__ */ new Struct<SuspectMessage>(
  {
    from: field('From', text),
    incarnation: field('Incarnation', u32),
    node: field('Node', text),
  },
  'suspect',
);

const alive: Struct<AliveMessage> = /* @__PURE__ */ new Struct<AliveMessage>(
  {
    address: field('Addr', bytes),
    incarnation: field('Incarnation', u32),
    meta: field('Meta', bytes),
    node: field('Node', text),
    port: field('Port', u16),
    versions: field('Vsn', bytes),
  },
  'alive',
);

const dead: Struct<DeadMessage> = /* @__PURE__ */ new Struct<DeadMessage>(
  {
    from: field('From', text),
    incarnation: field('Incarnation', u32),
    node: field('Node', text),
  },
  'dead',
);

const error: Struct<ErrorMessage> = /* @__PURE__ */ new Struct<ErrorMessage>(
  { error: field('Error', text) },
  'error',
);

/** What begins a `pushPull`. */
export interface PushPullHeader {
  readonly join: boolean;
  readonly nodes: number;
  readonly userStateLength: number;
}

export const PUSH_PULL_HEADER: Struct<PushPullHeader> = /* @__PURE__ */ new Struct<PushPullHeader>({
  join: field('Join', boolean),
  nodes: field('Nodes', count),
  userStateLength: field('UserStateLen', count),
});

export const NODE_STATE: Struct<NodeState> = /* @__PURE__ */ new Struct<NodeState>({
  address: field('Addr', bytes),
  incarnation: field('Incarnation', u32),
  meta: field('Meta', bytes),
  name: field('Name', text),
  port: field('Port', u16),
  state: field('State', count),
  versions: field('Vsn', bytes),
});

/** What begins a `user` message on a stream. */
export interface UserHeader {
  readonly length: number;
}

export const USER_HEADER: Struct<UserHeader> = /* @__PURE__ */ new Struct<UserHeader>({
  length: field('UserMsgLen', count),
});

/** What a message of type `compress` holds. */
export interface Compressed {
  /** 0 for LZW, the only one. */
  readonly algorithm: number;
  readonly bytes: Uint8Array | undefined;
}

export const COMPRESSED: Struct<Compressed> = /* @__PURE__ */ new Struct<Compressed>({
  algorithm: field('Algo', u8),
  bytes: field('Buf', bytes),
});

/** A message whose body is one struct. */
export type StructMessage = Exclude<PacketMessage | StreamMessage, { type: 'user' | 'pushPull' }>;

const STRUCTS: { readonly [T in StructMessage['type']]: Struct<never> } = {
  ping,
  indirectPing,
  ack,
  nack,
  suspect,
  alive,
  dead,
  error,
} as Record<StructMessage['type'], Struct<never>>;

const BY_NUMBER: readonly (keyof typeof STRUCTS | undefined)[] = /* @__PURE__ */ typesByNumber();

function typesByNumber(): (keyof typeof STRUCTS | undefined)[] {
  const types: (keyof typeof STRUCTS | undefined)[] = [];
  for (const type of Object.keys(STRUCTS) as (keyof typeof STRUCTS)[]) {
    types[MESSAGE_TYPE[type]] = type;
  }
  return types;
}

/** The struct of a type of messages; undefined if their bodies are something else. */
export function structOf(type: string): Struct<StructMessage> | undefined {
  return Object.hasOwn(STRUCTS, type)
    ? (STRUCTS[type as StructMessage['type']] as unknown as Struct<StructMessage>)
    : undefined;
}

/** The type of messages with this first byte; undefined if their bodies are no struct. */
export function structType(number: number): StructMessage['type'] | undefined {
  return BY_NUMBER[number];
}
