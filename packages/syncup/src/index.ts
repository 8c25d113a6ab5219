export { checkEntries, checkVerified } from './entry-check.ts';
export { SyncupError, type SyncupErrorCode } from './errors.ts';
export {
  type FeederLookup,
  type FeederOutcome,
  type FeederOutput,
  FeederSyncup,
  type FeederSyncupOptions,
  lookUpForFeeder,
} from './feeder-syncup.ts';
export { ChainedFingerprint, type Fingerprinter, NoxuFingerprint } from './fingerprint.ts';
export { Hash64 } from './hash64.ts';
export {
  type AppendOptions,
  type Archive,
  type EncodedAccess,
  type EncodedEntries,
  type EntryKinds,
  type LogEntry,
  type LogStore,
  type LogView,
  type MaybePromise,
  type NewEntry,
  NOXU_ENTRY_KINDS,
  type PassedTransactions,
  type ReadOptions,
  type Retention,
  SHOAL_ENTRY_KINDS,
  type Snapshot,
  type StoredEntry,
  type VerifiedEntries,
  type VlsnRange,
} from './log.ts';
export { MatchpointSearch } from './matchpoint-search.ts';
export { MemoryLog, type MemoryLogOptions } from './memory-log.ts';
export {
  type ReplicaOutcome,
  type ReplicaOutput,
  ReplicaSyncup,
  type ReplicaSyncupOptions,
  type RollbackPlan,
} from './replica-syncup.ts';
export { Retentions } from './retentions.ts';
export {
  decideRollback,
  type RollbackDecision,
  type RollbackInput,
  type RollbackPolicy,
} from './rollback.ts';
export type { MatchpointSearchOptions, SearchReply, SearchStep } from './search-step.ts';
export {
  ENTRY_OVERHEAD,
  encodeSnapshotHeader,
  encodeSnapshotTrailer,
  MAX_PAYLOAD,
  readSnapshot,
  SNAPSHOT_HEADER,
  SNAPSHOT_PIECE,
  SNAPSHOT_TRAILER,
  type SnapshotHeader,
  type SnapshotSink,
  snapshotId,
} from './snapshot-format.ts';
export { type ReadSource, TailReaders } from './tail-readers.ts';
