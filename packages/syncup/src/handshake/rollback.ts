import { SyncupError } from '../errors.ts';
import type { PassedTransactions, VlsnRange } from '../log/log-store.ts';

/** What may be rolled back, and what must not be. */
export interface RollbackPolicy {
  /** False forbids to roll back past a transaction end. Default true. */
  readonly enabled?: boolean;
  /** How many *durable* transactions a rollback may undo, 0 or more. Default 0. */
  readonly durableLimit?: number;
  /**
   * How many transactions, durable or not, a rollback may undo. Default: without limit, since
   * the archive keeps them.
   */
  readonly limit?: number;
}

/** What {@link decideRollback} goes by. */
export interface RollbackInput {
  /** The replica's log. */
  readonly range: VlsnRange;
  /** The highest sync point that both logs hold; 0 when there is none. */
  readonly matchpoint: bigint;
  /** The transactions that end above the matchpoint; its own is not among them. */
  readonly passed: PassedTransactions;
  /** Whether the feeder still leads, as far as is known. */
  readonly feederLeads: boolean;
  /** Below this VLSN the application cannot go back. Default 0: none. */
  readonly barrier?: bigint;
  readonly policy?: RollbackPolicy;
}

/** What to do about a diverged tail. */
export type RollbackDecision =
  /** Cut off everything above `to`; 0: everything. */
  | {
      readonly type: 'rollback';
      readonly to: bigint;
      /** Whether transactions are undone that had ended. */
      readonly hard: boolean;
      readonly passed: PassedTransactions;
    }
  /** Only a full copy helps. */
  | { readonly type: 'restore'; readonly reason: 'no-matchpoint' | 'barrier' | 'gap' }
  /** Nothing was done: these transactions would be lost. */
  | {
      readonly type: 'prohibited';
      readonly reason: 'disabled' | 'durable' | 'limit';
      readonly to: bigint;
      readonly passed: PassedTransactions;
    }
  /** Nothing was done: somebody else leads. */
  | { readonly type: 'stale-feeder' };

/**
 * Decides what to do about the tail above a matchpoint, after `verifyRollback` of Berkeley DB
 * JE's `ReplicaFeederSyncup`. Pure: nothing is done, so that a plan can be asked for.
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
 * | else | S | M | stale feeder, restore, prohibited or a hard rollback, in this order |
 *
 * Throws `internal` for what is impossible.
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
  return new SyncupError('internal', `impossible state of a log: ${state}`);
}
