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
} from './leadership/leadership.ts';
export type { Role } from './members/node-metadata.ts';
export type {
  Appended,
  AppendOptions,
  PortableNodeOptions,
  ReplicationOptions,
} from './options.ts';
export { TERM_ENTRY } from './replication/term-marks.ts';
export type { NodeStats, ShoalNode } from './shoal-node.ts';
export { startNode } from './start-node.ts';
export { epochOf, formatTerm } from './votes/term.ts';
export { memoryVoteStore, type VoteStore } from './votes/vote-store.ts';
