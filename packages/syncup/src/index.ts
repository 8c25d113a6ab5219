export { SyncupError, type SyncupErrorCode } from './errors.ts';
export {
  ChainedFingerprint,
  type Fingerprinter,
  NoxuFingerprint,
} from './fingerprint/fingerprint.ts';
export { Hash64 } from './fingerprint/hash64.ts';
export {
  type FeederLookup,
  type FeederOutcome,
  type FeederOutput,
  FeederSyncup,
  type FeederSyncupOptions,
  lookUpForFeeder,
} from './handshake/feeder-syncup.ts';
export {
  type ReplicaOutcome,
  type ReplicaOutput,
  ReplicaSyncup,
  type ReplicaSyncupOptions,
  type RollbackPlan,
} from './handshake/replica-syncup.ts';
export {
  decideRollback,
  type RollbackDecision,
  type RollbackInput,
  type RollbackPolicy,
} from './handshake/rollback.ts';
export { checkEntries, checkVerified } from './log/entry-check.ts';
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
} from './log/log-store.ts';
export { Retentions } from './log/retentions.ts';
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
} from './log/snapshot-format.ts';
export { type ReadSource, TailReaders } from './log/tail-readers.ts';
export { MemoryLog, type MemoryLogOptions } from './memory-log/memory-log.ts';
export { MatchpointSearch } from './search/matchpoint-search.ts';
export type { MatchpointSearchOptions, SearchReply, SearchStep } from './search/search-step.ts';
