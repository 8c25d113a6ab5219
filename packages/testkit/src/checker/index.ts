export type { CheckBounds } from './bounds.ts';
export { type CheckLimits, checkConsensus } from './check-consensus.ts';
export type { ConsensusClass } from './node-model.ts';
export { replayConsensus } from './replay-consensus.ts';
export type { CheckResult, Violation } from './result.ts';
export { type WalkLimits, walkConsensus } from './walk-consensus.ts';
