import { SyncupError } from '../errors.ts';
import type { PassedTransactions, VlsnRange } from '../log/log-store.ts';

/** Which rollbacks are allowed. */
export interface RollbackPolicy {
  /** Whether a rollback may undo finished transactions at all. Default true. */
  readonly enabled?: boolean | undefined;
  /** How many *durable* transactions a rollback may undo, from 0. Default 0. */
  readonly durableLimit?: number | undefined;
  /**
   * How many transactions, durable or not, a rollback may undo. Default: no limit, since the log
   * archives them.
   */
  readonly limit?: number | undefined;
}

/** What {@link decideRollback} depends on. */
export interface RollbackInput {
  /** The range of the replica's log. */
  readonly range: VlsnRange;
  /** The highest sync point that both logs hold; 0 if there is none. */
  readonly matchpoint: bigint;
  /** The transactions that end above the matchpoint. */
  readonly passed: PassedTransactions;
  /** Whether the feeder belongs to the current leader, as far as is known. */
  readonly feederLeads: boolean;
  /** The lowest VLSN that the application can roll back to. Default 0. */
  readonly barrier?: bigint | undefined;
  readonly policy?: RollbackPolicy | undefined;
}

/** What to do about a diverged tail. */
export type RollbackDecision =
  /** Cut off everything above `to`, or everything if `to` is 0. */
  | {
      readonly type: 'rollback';
      readonly to: bigint;
      /** Whether finished transactions are undone. */
      readonly hard: boolean;
      readonly passed: PassedTransactions;
    }
  /** Only a snapshot helps. */
  | { readonly type: 'restore'; readonly reason: 'no-matchpoint' | 'barrier' | 'gap' }
  /** Do nothing: these transactions would be lost. */
  | {
      readonly type: 'prohibited';
      readonly reason: 'disabled' | 'durable' | 'limit';
      readonly to: bigint;
      readonly passed: PassedTransactions;
    }
  /** Do nothing: the feeder belongs to an old term. */
  | { readonly type: 'stale-feeder' };

/**
 * Decides what to do about the tail above a matchpoint. Pure. Source: `verifyRollback` in
 * `ReplicaFeederSyncup` of Berkeley DB JE.
 *
 * | last txn end | last sync | matchpoint | decision |
 * |---|---|---|---|
 * | none | none | none | roll back everything |
 * | none | none | M | impossible |
 * | none | S | none | roll back everything |
 * | none | S | M | roll back to M |
 * | T | none | any | impossible |
 * | T | S | none | restore |
 * | T <= M, none passed | S | M | roll back to M |
 * | any other T | S | M | the first that applies: stale feeder, restore, prohibited, hard rollback |
 *
 * Throws `internal` for an impossible row.
 */
export function decideRollback(input: RollbackInput): RollbackDecision {
  const { range, matchpoint, passed, policy = {} } = input;
  const { lastTxnEnd, lastSync } = range;
  const soft: RollbackDecision = { type: 'rollback', to: matchpoint, hard: false, passed };
  if (lastTxnEnd === 0n) {
    if (lastSync === 0n && matchpoint !== 0n) {
      throw impossible(`a matchpoint at ${matchpoint} in a log without sync points`);
    }
    return soft;
  }
  if (lastSync === 0n) throw impossible(`a transaction end at ${lastTxnEnd}, no sync point`);
  if (matchpoint === 0n) return { type: 'restore', reason: 'no-matchpoint' };
  if (lastTxnEnd <= matchpoint && passed.count === 0) return soft;

  if (!input.feederLeads) return { type: 'stale-feeder' };
  if (matchpoint < (input.barrier ?? 0n)) return { type: 'restore', reason: 'barrier' };
  if (matchpoint < (range.contiguousFrom ?? range.first)) return { type: 'restore', reason: 'gap' };
  const prohibited = (reason: 'disabled' | 'durable' | 'limit'): RollbackDecision => ({
    type: 'prohibited',
    reason,
    to: matchpoint,
    passed,
  });
  if (policy.enabled === false) return prohibited('disabled');
  if (passed.durable > (policy.durableLimit ?? 0)) return prohibited('durable');
  if (passed.count > (policy.limit ?? Number.POSITIVE_INFINITY)) return prohibited('limit');
  return { ...soft, hard: true };
}

function impossible(state: string): SyncupError {
  return new SyncupError('internal', `the log reports an impossible state: ${state}`);
}
