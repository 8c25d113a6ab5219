export { Consensus, type ConsensusRole } from './consensus.ts';
export { ConsensusError, type ConsensusErrorCode } from './errors.ts';
export type { ChangeVotersRequest } from './leading/change-voters.ts';
export {
  type Configuration,
  configurationOf,
  isVoter,
  majorityOf,
  type Voter,
} from './log/configuration.ts';
export {
  EMPTY_LOG,
  type LogTail,
  type LogView,
  type Mark,
  type StoredConfiguration,
} from './log/log-view.ts';
export { isAhead, type Position } from './log/position.ts';
export type * from './messages.ts';
export {
  type ConsensusOptions,
  DEFAULT_TIMING,
  type ElectionMode,
  type ElectionTiming,
} from './options.ts';
export type * from './outputs.ts';
export type { State, TermRange } from './state.ts';
