import type { LogEntry } from '../log/log-store.ts';
import type { SearchReply } from './search-step.ts';

/** What a phase of a search needs next, or what it has found. */
export type PhaseStep =
  | { readonly type: 'lookup'; readonly at: readonly bigint[] }
  | { readonly type: 'ask'; readonly entries: readonly LogEntry[] }
  | { readonly type: 'found'; readonly matchpoint: LogEntry | undefined }
  /** The feeder's log matches above a mismatch: every sync point must be tried. */
  | { readonly type: 'unordered' };

/** A way to narrow a search down. Each call returns what is needed next. */
export interface SearchPhase {
  start(): PhaseStep;
  /** The replica's sync points at or before the VLSNs `at`, in this order. */
  lookedUp(found: readonly (LogEntry | undefined)[], at: readonly bigint[]): PhaseStep;
  /** The feeder's replies to requests for the entries `asked`, in this order. */
  answered(replies: readonly SearchReply[], asked: readonly LogEntry[]): PhaseStep;
}
