/**
 * What the other packages of Shoal need from this one, and what helps to write a log. It promises
 * nothing: names and behavior change in any release.
 *
 * @module
 */
export { AckTracker, type AckWaitOptions } from './driver/feeder/ack-tracker.ts';
export { VlsnWaiters } from './driver/vlsn-waiters.ts';
export {
  ChainedFingerprint,
  type Fingerprinter,
  NoxuFingerprint,
  newFingerprinter,
} from './fingerprint/fingerprint.ts';
export { u64 } from './fingerprint/u64.ts';
export { checkEntries, checkVerified } from './log/append-checks.ts';
export { LogBudget, type LogBudgetOptions, sizeOf } from './log/log-budget.ts';
export { Retentions } from './log/retentions.ts';
export {
  ENTRY_OVERHEAD,
  encodeSnapshotHeader,
  encodeSnapshotTrailer,
  readSnapshot,
  SNAPSHOT_HEADER,
  SNAPSHOT_PIECE,
  SNAPSHOT_TRAILER,
  type SnapshotHeader,
  type SnapshotSink,
  snapshotId,
} from './log/snapshot-format.ts';
export { type ReadSource, type TailRead, TailReaders } from './log/tail-readers.ts';
