import type { TermRange } from '@shoal/consensus';
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

/** The epoch of a term: that of the choice of its leader. */
export function epochOf(term: bigint): bigint {
  return term >> ROUND_BITS;
}

/** A term in the form that people read: `epoch.round`. */
export function formatTerm(term: bigint): string {
  return `${epochOf(term)}.${term & MAX_ROUND}`;
}

/** The terms of an epoch. */
export function termsOf(epoch: bigint): TermRange {
  return { first: termOf(epoch, 0n), last: termOf(epoch, MAX_ROUND) };
}

/** The terms before those of an epoch; those of the epoch itself if it is the first one. */
export function termsBefore(epoch: bigint): TermRange {
  return epoch === 0n ? termsOf(0n) : { first: 1n, last: termOf(epoch, 0n) - 1n };
}
