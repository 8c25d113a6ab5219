import { higher, lower } from './bigint.ts';
import { type Core, report } from './core.ts';
import type { StepDownReason } from './outputs.ts';
import type { Phase } from './state.ts';

/** The default of `maxTermStep`. */
const MAX_TERM_STEP = 1n << 44n;

/** The highest term that can be written down: a u64. */
const MAX_TERM = (1n << 64n) - 1n;

/** Whether a term that a peer names may exist. */
export function isPlausible(core: Core, term: bigint): boolean {
  return term <= highestPlausible(core);
}

/**
 * Takes note of a term that another node knows. A new leader needs a later one. Of a term that is too
 * far above, only a step is believed: voters whose terms are far apart get there in the end.
 */
export function noteTerm(core: Core, term: bigint): void {
  core.state.seenTerm = higher(lower(term, highestPlausible(core)), core.state.seenTerm);
}

/** A node that knows of no term may join a cluster of any age, but for the very last terms. */
function highestPlausible({ state, options }: Core): bigint {
  const { maxTermStep = MAX_TERM_STEP } = options;
  const known = higher(higher(state.votedTerm, state.seenTerm), state.chosen?.first ?? 0n);
  return known === 0n ? MAX_TERM - maxTermStep : lower(known + maxTermStep, MAX_TERM);
}

/** The next term in which this node may campaign; undefined if its choice, or every term, has passed. */
export function nextTerm({ state }: Core): bigint | undefined {
  const { chosen } = state;
  const next = higher(state.votedTerm, state.seenTerm) + 1n;
  if (next > MAX_TERM) return undefined;
  if (chosen === undefined) return next;
  return next > chosen.last ? undefined : higher(next, chosen.first);
}

/**
 * Ends the present phase and begins the next one. If the log may be in use, it must come to rest
 * before the next phase does anything with it.
 */
export function change(core: Core, next: Phase, reason: StepDownReason = 'later-term'): void {
  const { state } = core;
  const { phase } = state;
  if (phase.type === 'leading') endLeadership(core, reason);
  if (usesLog(phase) && !state.resting) {
    state.resting = true;
    core.emit({ type: 'rest' });
  }
  state.phase = next;
}

/**
 * Votes in a term: from here on, nothing of a lower one is taken or acknowledged. What `next` is to
 * say to others waits until the vote is stored and the log is at rest.
 */
export function enterTerm(core: Core, term: bigint, next: Phase, reason?: StepDownReason): void {
  const { state } = core;
  change(core, next, reason);
  if (term <= state.votedTerm) return;
  state.votedTerm = term;
  core.emit({ type: 'storeVote', term });
}

/** Whether the vote of a phase is stored, and the log at rest. */
export function isSettled({ state }: Core, term: bigint): boolean {
  return !state.resting && state.storedTerm >= term;
}

function usesLog(phase: Phase): boolean {
  switch (phase.type) {
    case 'granted':
    case 'following':
    case 'leading':
      return true;
    case 'campaigning':
      return phase.copying !== undefined;
    default:
      return false;
  }
}

function endLeadership(core: Core, reason: StepDownReason): void {
  const { phase } = core.state;
  if (phase.type !== 'leading') return;
  core.state.deadlines.heartbeat = undefined;
  report(core, { type: 'steppedDown', term: phase.term, reason });
  if (phase.change === undefined) return;
  const isDone = reason === 'removed' && phase.change.steps.length === 0;
  const error = isDone ? undefined : ({ code: 'leader-lost', missing: [] } as const);
  report(core, { type: 'votersChanged', error });
}
