import { NodeError } from '../errors.ts';

/** How many bits of a term count the rounds within an epoch. */
const ROUND_BITS = 20n;
const MAX_ROUND = (1n << ROUND_BITS) - 1n;

/** The highest epoch: 2^44 - 1. */
export const MAX_EPOCH: bigint = (1n << (64n - ROUND_BITS)) - 1n;

/**
 * A term numbers one leadership of one life of one node: `epoch * 2^20 + round`. The epoch comes
 * from whoever chooses the leader, and grows whenever the choice changes. The round is ours: a
 * leader that was restarted takes the next one, since what it wrote last may have reached others
 * and not its own disk. No term is ever led in twice, whatever the chooser does.
 */
export function termOf(epoch: bigint, round: bigint): bigint {
  if (epoch < 0n || epoch > MAX_EPOCH) {
    throw new NodeError('argument', `an epoch is 0..${MAX_EPOCH}, not ${epoch}`);
  }
  if (round < 0n || round > MAX_ROUND) {
    throw new NodeError('argument', `a round is 0..${MAX_ROUND}, not ${round}`);
  }
  return (epoch << ROUND_BITS) | round;
}

/** The epoch of a term: what the chooser of the leader called it. */
export function epochOf(term: bigint): bigint {
  return term >> ROUND_BITS;
}

/** A term as people read it: `epoch.round`. */
export function formatTerm(term: bigint): string {
  return `${epochOf(term)}.${term & MAX_ROUND}`;
}

/**
 * The lowest term of `epoch` above `promised`; undefined when what was promised is of a later
 * epoch, or the rounds of this one are used up.
 */
export function nextTerm(epoch: bigint, promised: bigint): bigint | undefined {
  const first = termOf(epoch, 0n);
  if (promised < first) return first;
  const next = promised + 1n;
  return epochOf(next) === epoch ? next : undefined;
}
