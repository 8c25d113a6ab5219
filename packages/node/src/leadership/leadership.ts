import { NodeError } from '../errors.ts';
import { MAX_EPOCH } from '../votes/term.ts';

/** A choice of the node that is to lead. */
export interface LeaderChoice {
  /** The node's name. */
  readonly leader: string;
  /**
   * Grows whenever another node is chosen; 0..2^44-1. Of two choices the one with the higher epoch
   * counts, so that an outdated choice does no harm.
   */
  readonly epoch: bigint;
}

/** What an adapter knows about the node that it serves. */
export interface LeadershipContext {
  /** This node's name. */
  readonly name: string;
  /** Whether this node may be chosen: it is a voter, and accepts streams. */
  readonly canLead: boolean;
  /** Fires when the node leaves or closes: give up the leadership and return. */
  readonly signal: AbortSignal;
}

/**
 * Decides which node leads: a fixed choice, or an adapter to a service that elects leaders, such as
 * etcd. Acknowledged entries are safe whatever it decides, even two leaders at once or none: no
 * leader can make entries durable without the votes of a majority.
 */
export interface Leadership {
  /**
   * Yields the current choice first, then each new one, and `undefined` while there is none. A
   * node steps down when it is no longer chosen. If the iterator ends, the last choice stands. If
   * it throws, that is reported as `failed`, and no node is chosen.
   */
  choices(context: LeadershipContext): AsyncIterable<LeaderChoice | undefined>;
}

/** The choice of this leader. Throws `argument` for an epoch outside its range. */
export function leaderChoice(leader: string, epoch: bigint | number): LeaderChoice {
  const value = typeof epoch === 'bigint' || Number.isSafeInteger(epoch) ? BigInt(epoch) : -1n;
  if (value < 0n || value > MAX_EPOCH) {
    throw new NodeError('argument', `epoch must be an integer of 0..${MAX_EPOCH}, not ${epoch}`);
  }
  return { leader, epoch: value };
}
