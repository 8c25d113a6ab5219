export { NodeError, type NodeErrorCode } from './errors.ts';
export type {
  NodeEvent,
  NodeEvents,
  NodeEventType,
  NodeMember,
  NodeRollback,
} from './events.ts';
export {
  fixedLeader,
  type LeaderChoice,
  type Leadership,
  type LeadershipContext,
  type ManualLeader,
  manualLeader,
} from './leadership.ts';
export type { Node, NodeStats } from './node.ts';
export {
  decodeNodeMetadata,
  encodeNodeMetadata,
  MAX_APPLICATION_BYTES,
  MAX_NAME_BYTES,
  type NodeMetadata,
  type Role,
} from './node-metadata.ts';
export type {
  Appended,
  AppendOptions,
  PortableNodeOptions,
  ReplicationOptions,
} from './options.ts';
export {
  decodePromise,
  encodePromise,
  type LogPosition,
  PROMISE_VERSION,
  type PromiseMessage,
  type PromiseReply,
  type PromiseRequest,
} from './promise-message.ts';
export { SERVICES } from './promise-service.ts';
export { startNode } from './start-node.ts';
export { epochOf, formatTerm, MAX_EPOCH, termOf } from './term.ts';
export { markedTerm, TERM_ENTRY } from './term-marks.ts';
export { memoryTermStore, type TermStore } from './term-store.ts';
