// What tests and tools of this repository use. Promises nothing to anybody else.
export {
  decodeNodeMetadata,
  encodeNodeMetadata,
  type NodeMetadata,
} from './members/node-metadata.ts';
export { markedTerm, termMark } from './replication/term-marks.ts';
export { termOf } from './votes/term.ts';
export {
  decodeVoteMessage,
  encodeVoteMessage,
  type LogPosition,
  type VoteMessage,
  type VoteReply,
  type VoteRequest,
} from './votes/vote-message.ts';
export { SERVICES } from './votes/vote-service.ts';
