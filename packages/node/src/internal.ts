// For the other packages of Shoal. Promises nothing: anything here may change in any release.
export {
  decodeNodeMetadata,
  encodeNodeMetadata,
  type NodeMetadata,
} from './members/node-metadata.ts';
export { markedTerm, termMark } from './replication/term-marks.ts';
export { SERVICES } from './services.ts';
export type { LogPosition } from './votes/log-position.ts';
export { epochOf, termOf } from './votes/term.ts';
export {
  decodeVoteMessage,
  encodeVoteMessage,
  type VoteMessage,
  type VoteReply,
  type VoteRequest,
} from './votes/vote-message.ts';
