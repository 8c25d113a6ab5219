export { SyncupError, type SyncupErrorCode } from './errors.ts';
export type { FingerprintKind } from './fingerprint/fingerprint.ts';
export {
  type FeederLookup,
  type FeederOutcome,
  type FeederOutput,
  type FeederQuestion,
  FeederSyncup,
  type FeederSyncupOptions,
  lookUpForFeeder,
} from './handshake/feeder-syncup.ts';
export { ReplicaSyncup } from './handshake/replica-syncup.ts';
export type {
  ReplicaOutcome,
  ReplicaOutput,
  ReplicaSyncupOptions,
  RollbackPlan,
} from './handshake/replica-syncup-types.ts';
export {
  decideRollback,
  type RollbackDecision,
  type RollbackInput,
  type RollbackPolicy,
} from './handshake/rollback.ts';
export { type EntryKinds, NOXU_ENTRY_KINDS, SHOAL_ENTRY_KINDS } from './log/entry-kinds.ts';
export type { LogBudgetOptions } from './log/log-budget.ts';
export type {
  Archive,
  EncodedAccess,
  EncodedEntries,
  LogAppendOptions,
  LogEntry,
  LogNotes,
  LogReport,
  LogStore,
  LogView,
  MaybePromise,
  NewEntry,
  PassedTransactions,
  ReadOptions,
  Retention,
  Snapshot,
  StoredEntry,
  VerifiedEntries,
  VlsnRange,
} from './log/log-store.ts';
export { MAX_PAYLOAD } from './log/snapshot-format.ts';
export { MemoryLog, type MemoryLogOptions } from './memory-log/memory-log.ts';
export { MatchpointSearch } from './search/matchpoint-search.ts';
export type { MatchpointSearchOptions, SearchReply, SearchStep } from './search/search-step.ts';
