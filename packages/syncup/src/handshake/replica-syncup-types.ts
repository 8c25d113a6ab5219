import type { SyncupMessage } from '@shoal/wire';
import type { SyncupError } from '../errors.ts';
import type { LogEntry, VlsnRange } from '../log/log-store.ts';
import type { MatchpointSearchOptions } from '../search/search-step.ts';
import type { RollbackDecision, RollbackPolicy } from './rollback.ts';

/** Options of a `ReplicaSyncup`. */
export interface ReplicaSyncupOptions
  extends Pick<MatchpointSearchOptions, 'flight' | 'compareLsn' | 'random'> {
  /** The range of the replica's log, which must not change before the handshake has ended. */
  readonly range: VlsnRange;
  /** Whether the log's fingerprints are chained. */
  readonly chained: boolean;
  /** The current time, in ms. */
  readonly now: number;
  /** How long the feeder may take for each step, in ms. Default 30,000. */
  readonly stepTimeout?: number | undefined;
  /** See {@link MatchpointSearchOptions.strategy}. */
  readonly search?: MatchpointSearchOptions['strategy'];
  /** Whether the feeder belongs to the current leader, as far as is known. Default true. */
  readonly feederLeads?: boolean | undefined;
  /** Whether the feeder is known to hold nothing, which saves the search. Default false. */
  readonly feederEmpty?: boolean | undefined;
  /** The lowest VLSN that the application can roll back to. Default 0. */
  readonly barrier?: bigint | undefined;
  /** Which rollbacks are allowed. */
  readonly policy?: RollbackPolicy | undefined;
}

/** How a handshake has ended for the replica. */
export type ReplicaOutcome =
  /** The feeder streams from `startVlsn` on. */
  | { readonly type: 'stream'; readonly matchpoint: bigint; readonly startVlsn: bigint }
  /** The replica needs a snapshot, and the feeder has acknowledged that. */
  | { readonly type: 'restore'; readonly failedVlsn: bigint };

/** A decision to roll back, and how it was found. */
export interface RollbackPlan {
  readonly decision: Extract<RollbackDecision, { type: 'rollback' }>;
  /** The highest sync point that both logs hold. Undefined: none, the log starts over. */
  readonly matchpoint: LogEntry | undefined;
  /** False if the feeder's log turned out not to be ordered, so that every sync point was tried. */
  readonly ordered: boolean;
  /** How many round trips the handshake took, and how many requests in all. */
  readonly roundTrips: number;
  readonly requests: number;
}

/** What a `ReplicaSyncup` wants done. */
export type ReplicaOutput =
  | { readonly type: 'send'; readonly message: SyncupMessage }
  /** Look up, for each VLSN, the sync point at or before it. Answer with `lookedUp`. */
  | { readonly type: 'lookup'; readonly at: readonly bigint[] }
  /** Find the transactions that end above this VLSN. Answer with `passed`. */
  | { readonly type: 'passed'; readonly above: bigint }
  /** Roll back as planned, then call `proceed`. Until then nothing has changed. */
  | { readonly type: 'plan'; readonly plan: RollbackPlan }
  | { readonly type: 'done'; readonly outcome: ReplicaOutcome }
  /** The handshake has failed, and neither log has changed. `decision`: what stood in the way. */
  | {
      readonly type: 'failed';
      readonly error: SyncupError;
      readonly decision?: RollbackDecision | undefined;
    };
