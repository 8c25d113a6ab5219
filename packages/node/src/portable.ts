// The same API without anything that needs Node.js: transports and log are handed in.
export { NodeError, type NodeErrorCode } from './errors.ts';
export type { NodeEvent, NodeRollback } from './events.ts';
export { fixedLeader } from './leadership/fixed-leader.ts';
export type { LeaderChoice, Leadership, LeadershipContext } from './leadership/leadership.ts';
export { type ManualLeader, manualLeader } from './leadership/manual-leader.ts';
export { TERM_ENTRY } from './log/mark-entry.ts';
export type { NodeAddresses } from './members/members.ts';
export type { NodeMember } from './members/node-member.ts';
export type { Role } from './members/node-metadata.ts';
export type { NamesOf } from './members/proved-name.ts';
export type {
  AppendOptions,
  AppendResult,
  ChangeVotersOptions,
  DatagramEncryption,
  PortableNodeOptions,
  ReplicationOptions,
  TransferOptions,
  VoterChange,
} from './options.ts';
export type { NodeStats, ShoalNode } from './shoal-node.ts';
export { startNode } from './start-node.ts';
export type * from './types-of-other-packages.ts';
export { formatTerm } from './votes/term.ts';
