import { type Core, phaseOf, send } from '../core.ts';
import { majorityOf, voterNamed } from '../log/configuration.ts';
import { configurationInForce, positionOf } from '../log/log-view.ts';
import type { PreVoteReply, PreVoteRequest } from '../messages.ts';
import { byName } from '../plain-data.ts';
import { change, isPlausible, nextTerm, noteTerm } from '../terms.ts';
import { campaign } from './candidacy.ts';
import { armElection, isFounder } from './election-timer.ts';
import { isSameLog } from './granting.ts';

/**
 * Asks whether it would be elected before it campaigns, so that a node that was cut off does not
 * depose a leader that is well. Source: Raft thesis, 9.6.
 */
export function askWhetherElected(core: Core): void {
  // A founder needs everybody, and disturbs nobody: there is no leader yet.
  if (isFounder(core)) return campaign(core);
  const term = nextTerm(core);
  const voters = configurationInForce(core.state.log)?.voters ?? [];
  if (term === undefined) return;
  change(core, { type: 'asking', term, answers: byName({ [core.self.name]: true }) });
  armElection(core);
  for (const { name } of voters) {
    if (name === core.self.name) continue;
    send(core, name, { type: 'preVoteRequest', term, logId: core.state.log.id });
  }
  campaignIfElected(core);
}

/** Answers, and changes nothing. */
export function receivePreVoteRequest(core: Core, from: string, request: PreVoteRequest): void {
  const { state } = core;
  const { votedTerm, log } = state;
  const { term, logId } = request;
  const granted =
    term > votedTerm && isPlausible(core, term) && isSameLog(core, logId) && !hearsLeader(core);
  const position = positionOf(log);
  const configuration = configurationInForce(log);
  send(core, from, { type: 'preVoteReply', term, granted, votedTerm, position, configuration });
}

export function receivePreVoteReply(core: Core, from: string, reply: PreVoteReply): void {
  const phase = phaseOf(core, 'asking');
  const configuration = configurationInForce(core.state.log);
  if (phase?.term !== reply.term || voterNamed(configuration, from) === undefined) return;
  noteTerm(core, reply.votedTerm);
  phase.answers[from] = reply.granted;
  campaignIfElected(core);
}

function campaignIfElected(core: Core): void {
  const { answers } = phaseOf(core, 'asking')!;
  const configuration = configurationInForce(core.state.log);
  if (configuration === undefined) return;
  const yes = configuration.voters.filter(({ name }) => answers[name] === true).length;
  if (yes >= majorityOf(configuration)) campaign(core);
}

/** Whether this node leads, or has heard its leader within the shortest election timeout. */
function hearsLeader({ state, now, timing }: Core): boolean {
  if (state.phase.type === 'leading') return true;
  const heard = state.leaderHeard;
  return heard !== undefined && now - heard < timing.electionTimeout.min;
}
