import { type Core, phaseOf, report, send } from '../core.ts';
import { configurationInForce } from '../log/log-view.ts';
import type { Grant, Refusal } from '../messages.ts';
import type { StepDownReason } from '../outputs.ts';
import { byName } from '../plain-data.ts';
import { change, enterTerm, nextTerm } from '../terms.ts';
import {
  armElection,
  disarmElection,
  isFounder,
  mayCampaign,
  retryElection,
} from './election-timer.ts';

/** Votes for itself in a new term. Asks the others once that is stored. */
export function campaign(core: Core, reason?: StepDownReason): void {
  if (!mayCampaign(core)) return;
  const { state } = core;
  const term = nextTerm(core);
  if (term === undefined) {
    report(core, { type: 'choicePassed', votedTerm: state.votedTerm });
    if (state.phase.type === 'leading') change(core, { type: 'idle' }, reason);
    return disarmElection(core);
  }
  const none = { asked: [], grants: byName<Grant>(), copying: undefined, failed: [], begun: false };
  enterTerm(core, term, { type: 'campaigning', term, ...none }, reason);
  armElection(core);
  report(core, { type: 'campaign', term });
}

/** Asks those voters of its own configuration that it has not asked yet. */
export function askVoters(core: Core): void {
  const phase = phaseOf(core, 'campaigning')!;
  for (const name of votersToAsk(core)) {
    if (phase.asked.includes(name)) continue;
    phase.asked.push(name);
    request(core, name);
  }
  core.state.deadlines.heartbeat = core.now + core.timing.heartbeatInterval;
}

/** Asks all who have not answered once more: messages get lost. */
export function askAgain(core: Core): void {
  const phase = phaseOf(core, 'campaigning')!;
  for (const name of phase.asked) if (phase.grants[name] === undefined) request(core, name);
  core.state.deadlines.heartbeat = core.now + core.timing.heartbeatInterval;
}

/** A voter that has voted otherwise ends the campaign; the next one takes a later term. */
export function refused(core: Core, { term, reason }: Refusal): void {
  const phase = phaseOf(core, 'campaigning');
  if (phase?.term === term && reason === 'voted') giveUp(core);
}

/** Ends a campaign. What was copied stays: it is a prefix of a leader's log. */
export function giveUp(core: Core): void {
  change(core, { type: 'idle' });
  retryElection(core);
}

function votersToAsk(core: Core): string[] {
  const { options, state, self } = core;
  const names = isFounder(core)
    ? options.founding!
    : (configurationInForce(state.log)?.voters ?? []).map(({ name }) => name);
  return names.filter((name) => name !== self.name);
}

function request(core: Core, to: string): void {
  const { options, state } = core;
  const { term } = phaseOf(core, 'campaigning')!;
  const founding = isFounder(core) ? options.founding : undefined;
  const { life } = options;
  send(core, to, { type: 'voteRequest', term, life, logId: state.log.id, founding });
}
