import { NodeError } from '../errors.ts';

/** How many bits of a term count the rounds within an epoch. */
const ROUND_BITS = 20n;
const MAX_ROUND = (1n << ROUND_BITS) - 1n;

/** The highest epoch: 2^44 - 1. */
export const MAX_EPOCH: bigint = (1n << (64n - ROUND_BITS)) - 1n;

/**
 * A term numbers one leadership of one process: `epoch * 2^20 + round`. The epoch comes from
 * whoever chooses the leader, and grows whenever the choice changes. The round is the node's own:
 * a leader that restarts takes the next one, because its last entries may have reached others but
 * not its own disk. No two leaderships share a term, whatever the choices are.
 */
export function termOf(epoch: bigint, round: bigint): bigint {
  if (epoch < 0n || epoch > MAX_EPOCH) {
    throw new NodeError('argument', `epoch must be 0..${MAX_EPOCH}, not ${epoch}`);
  }
  if (round < 0n || round > MAX_ROUND) {
    throw new NodeError('argument', `round must be 0..${MAX_ROUND}, not ${round}`);
  }
  return (epoch << ROUND_BITS) | round;
}

/**
 * How many epochs a peer may be ahead of what a node knows. For etcd, that many writes may happen
 * while a voter is away; a peer that lies needs a million requests to use up the epochs.
 */
const MAX_EPOCH_STEP = 1n << 24n;

/**
 * Whether a term that a peer names may exist, if `known` is the highest term that this node has
 * voted in or was told of by whoever chooses the leader. A node that knows none believes all.
 */
export function isPlausible(term: bigint, known: bigint): boolean {
  return known === 0n || epochOf(term) <= epochOf(known) + MAX_EPOCH_STEP;
}

/** The epoch of a term: that of the choice of its leader. */
export function epochOf(term: bigint): bigint {
  return term >> ROUND_BITS;
}

/** A term in the form that people read: `epoch.round`. */
export function formatTerm(term: bigint): string {
  return `${epochOf(term)}.${term & MAX_ROUND}`;
}

/**
 * The lowest term of `epoch` above `voted`. Undefined if `voted` belongs to a later epoch, or if
 * the rounds of this one are used up.
 */
export function nextTerm(epoch: bigint, voted: bigint): bigint | undefined {
  const first = termOf(epoch, 0n);
  if (voted < first) return first;
  const next = voted + 1n;
  return epochOf(next) === epoch ? next : undefined;
}
