import { type Core, phaseOf, report, send } from '../core.ts';
import { positionOf } from '../log/log-view.ts';
import type { RefusalReason, VoteRequest } from '../messages.ts';
import { enterTerm, isPlausible, isSettled } from '../terms.ts';
import { armElection } from './election-timer.ts';

/**
 * Answers whoever asks. A voter looks at neither its own configuration nor the candidate's log: the
 * candidate may know of a change of the voters that this node does not, and takes over what it lacks.
 */
export function receiveVoteRequest(core: Core, from: string, request: VoteRequest): void {
  const { term, life } = request;
  const { state } = core;
  const { phase } = state;
  const reason = whyRefuse(core, request);
  if (reason !== undefined) {
    report(core, { type: 'refused', name: from, reason });
    return refuse(core, from, { term, reason });
  }
  if (term > state.votedTerm) {
    enterTerm(core, term, { type: 'granting', term, candidate: from, life });
    armElection(core);
    return;
  }
  const same = 'candidate' in phase && phase.candidate === from && phase.life === life;
  if (!same || phase.term !== term) return refuse(core, from, { term, reason: 'voted' });
  // The same life of the same candidate, and the log is as it was: the answer may have been lost.
  if (phase.type === 'granted') sendGrant(core);
}

/** Grants the vote once it is stored and the log has come to rest. */
export function settleGrant(core: Core): void {
  const phase = phaseOf(core, 'granting');
  if (phase === undefined || !isSettled(core, phase.term)) return;
  core.state.phase = { ...phase, type: 'granted' };
  core.emit({ type: 'serve', to: phase.candidate, term: phase.term });
  report(core, { type: 'voteGranted', term: phase.term, candidate: phase.candidate });
  sendGrant(core);
}

function sendGrant(core: Core): void {
  const phase = phaseOf(core, 'granted')!;
  const position = positionOf(core.state.log);
  const { storeId } = core.self;
  const { candidate, term, life } = phase;
  send(core, candidate, { type: 'grant', term, life, storeId, position });
}

/** Says why a term is refused, and which one this node has voted in. */
export function refuse(
  core: Core,
  to: string,
  { term, reason }: { readonly term: bigint; readonly reason: RefusalReason },
): void {
  const { votedTerm } = core.state;
  const { storeId } = core.self;
  send(core, to, { type: 'refusal', term, reason, votedTerm, storeId });
}

/** Why a request is not for this cluster, or not possible. */
function whyRefuse(core: Core, { term, logId, founding }: VoteRequest): RefusalReason | undefined {
  if (!isPlausible(core, term)) return 'impossible-term';
  if (!isSameLog(core, logId)) return 'other-log';
  const own = core.options.founding;
  const differ = founding !== undefined && own !== undefined && !isSameList(founding, own);
  return differ ? 'other-voters' : undefined;
}

/** Whether a log is that of this node. An empty log agrees with any. */
export function isSameLog({ state }: Core, logId: string | undefined): boolean {
  const { id } = state.log;
  return id === undefined || logId === undefined || id === logId;
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}
