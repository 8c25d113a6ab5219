import {
  boolean,
  bytes,
  count,
  type Field,
  i64,
  list,
  mapOf,
  nullable,
  text,
  u8,
  u16,
  u32,
  u64,
} from '../msgpack/fields.ts';
import { field, Struct } from '../msgpack/struct.ts';
import type {
  SerfJoin,
  SerfKeyRequest,
  SerfKeyResponse,
  SerfLeave,
  SerfMember,
  SerfMessage,
  SerfPastEvent,
  SerfPastEvents,
  SerfPushPull,
  SerfQuery,
  SerfQueryResponse,
  SerfRelay,
  SerfUserEvent,
} from './serf-message.ts';

// The fields of Serf's messages in the order of their bytes, with their names in Go.

/** The number of each type of messages: the byte before its body. */
export const SERF_TYPE: { readonly [T in SerfMessage['type']]: number } = {
  leave: 0,
  join: 1,
  pushPull: 2,
  userEvent: 3,
  query: 4,
  queryResponse: 5,
  conflictResponse: 6,
  keyRequest: 7,
  keyResponse: 8,
  relay: 9,
};

const leave: Struct<SerfLeave> = /* @__PURE__ */ new Struct<SerfLeave>(
  { lTime: field('LTime', u64), node: field('Node', text), prune: field('Prune', boolean) },
  'leave',
);

const join: Struct<SerfJoin> = /* @__PURE__ */ new Struct<SerfJoin>(
  { lTime: field('LTime', u64), node: field('Node', text) },
  'join',
);

const pastEvent: Struct<SerfPastEvent> = /* @__PURE__ */ new Struct<SerfPastEvent>({
  name: field('Name', text),
  payload: field('Payload', bytes),
});

const pastEvents: Struct<SerfPastEvents> = /* @__PURE__ */ new Struct<SerfPastEvents>({
  events: field('Events', /* @__PURE__ */ list(pastEvent)),
  lTime: field('LTime', u64),
});

const pushPull: Struct<SerfPushPull> = /* @__PURE__ */ new Struct<SerfPushPull>(
  {
    eventLTime: field('EventLTime', u64),
    events: field('Events', /* @__PURE__ */ list(/* @__PURE__ */ nullable(pastEvents))),
    lTime: field('LTime', u64),
    leftMembers: field('LeftMembers', /* @__PURE__ */ list(text)),
    queryLTime: field('QueryLTime', u64),
    statusLTimes: field('StatusLTimes', /* @__PURE__ */ mapOf(u64)),
  },
  'pushPull',
);

const userEvent: Struct<SerfUserEvent> = /* @__PURE__ */ new Struct<SerfUserEvent>(
  {
    coalesce: field('CC', boolean),
    lTime: field('LTime', u64),
    name: field('Name', text),
    payload: field('Payload', bytes),
  },
  'userEvent',
);

const query: Struct<SerfQuery> = /* @__PURE__ */ new Struct<SerfQuery>(
  {
    address: field('Addr', bytes),
    filters: field('Filters', /* @__PURE__ */ list(bytes)),
    flags: field('Flags', u32),
    id: field('ID', u32),
    lTime: field('LTime', u64),
    name: field('Name', text),
    payload: field('Payload', bytes),
    port: field('Port', u16),
    relayFactor: field('RelayFactor', u8),
    sourceNode: field('SourceNode', text),
    timeout: field('Timeout', i64),
  },
  'query',
);

const queryResponse: Struct<SerfQueryResponse> = /* @__PURE__ */ new Struct<SerfQueryResponse>(
  {
    flags: field('Flags', u32),
    from: field('From', text),
    id: field('ID', u32),
    lTime: field('LTime', u64),
    payload: field('Payload', bytes),
  },
  'queryResponse',
);

const member: Struct<SerfMember> = /* @__PURE__ */ new Struct<SerfMember>({
  address: field('Addr', bytes),
  delegateCurrent: field('DelegateCur', u8),
  delegateMax: field('DelegateMax', u8),
  delegateMin: field('DelegateMin', u8),
  name: field('Name', text),
  port: field('Port', u16),
  protocolCurrent: field('ProtocolCur', u8),
  protocolMax: field('ProtocolMax', u8),
  protocolMin: field('ProtocolMin', u8),
  status: field('Status', count),
  tags: field('Tags', /* @__PURE__ */ mapOf(text)),
});

/** The body of a `conflictResponse`. */
export const CONFLICT: Field<SerfMember | undefined> = /* @__PURE__ */ nullable(member);

const keyRequest: Struct<SerfKeyRequest> = /* @__PURE__ */ new Struct<SerfKeyRequest>(
  { key: field('Key', bytes) },
  'keyRequest',
);

const keyResponse: Struct<SerfKeyResponse> = /* @__PURE__ */ new Struct<SerfKeyResponse>(
  {
    keys: field('Keys', /* @__PURE__ */ list(text)),
    message: field('Message', text),
    primaryKey: field('PrimaryKey', text),
    result: field('Result', boolean),
  },
  'keyResponse',
);

const address: Struct<SerfRelay['address']> = /* @__PURE__ */ new Struct<SerfRelay['address']>({
  ip: field('IP', bytes),
  port: field('Port', count),
  zone: field('Zone', text),
});

/** What precedes the message in a `relay`. */
type RelayHeader = Omit<SerfRelay, 'type' | 'message'>;

export const RELAY_HEADER: Struct<RelayHeader> = /* @__PURE__ */ new Struct<RelayHeader>({
  address: field('DestAddr', address),
  node: field('DestName', text),
});

/** A message whose body is one struct. */
type StructMessage = Exclude<SerfMessage, { type: 'conflictResponse' | 'relay' }>;

/** The struct of each type of messages that has one. */
export const SERF_STRUCTS: {
  readonly [T in StructMessage['type']]: Struct<Extract<StructMessage, { type: T }>>;
} = { leave, join, pushPull, userEvent, query, queryResponse, keyRequest, keyResponse };
