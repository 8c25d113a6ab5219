import { type Core, phaseOf, report } from './core.ts';
import { askAgain, campaign, giveUp } from './elections/candidacy.ts';
import { armElection, mayCampaign } from './elections/election-timer.ts';
import { askWhetherElected } from './elections/pre-vote.ts';
import { checkChangeDeadline } from './leading/change-voters.ts';
import { checkQuorum, sendHeartbeat } from './leading/heartbeat.ts';
import { checkTransferDeadline } from './leading/transfer.ts';
import type { TermRange } from './state.ts';

/** When the next thing is due, in ms; Infinity: never. */
export function nextDeadline({ state }: Core): number {
  const { election, heartbeat, silence } = state.deadlines;
  const never = Number.POSITIVE_INFINITY;
  return Math.min(election ?? never, heartbeat ?? never, silence ?? never);
}

/** Does everything whose time has come. */
export function doWhatIsDue(core: Core): void {
  const { now } = core;
  const { deadlines, phase } = core.state;
  if (due(deadlines.heartbeat, now)) {
    deadlines.heartbeat = undefined;
    if (phase.type === 'campaigning') askAgain(core);
    if (phase.type === 'leading') leadOn(core);
  }
  if (due(deadlines.silence, now)) noteSilence(core);
  if (due(deadlines.election, now)) {
    deadlines.election = undefined;
    if (phase.type === 'campaigning') endRound(core);
    else if (core.options.elections === 'chosen') campaignAsChosen(core);
    else if (mayCampaign(core)) askWhetherElected(core);
  }
}

/** Stops naming a leader that has fallen silent. */
function noteSilence(core: Core): void {
  const { deadlines, phase, leaderHeard } = core.state;
  deadlines.silence = undefined;
  if (phase.type !== 'following' && phase.type !== 'adopting') return;
  if (leaderHeard === undefined) return;
  core.state.leaderHeard = undefined;
  report(core, { type: 'leaderSilent', leader: phase.leader });
}

/** Campaigns if it is a voter, and nobody leads in the terms of its choice; otherwise it waits. */
function campaignAsChosen(core: Core): void {
  const rival = leaderWithin(core, core.state.chosen);
  if (rival === undefined && mayCampaign(core)) return campaign(core);
  if (rival === undefined) report(core, { type: 'chosenButNoVoter' });
  else report(core, { type: 'chosenButLed', leader: rival });
  armElection(core);
}

/** Who leads in these terms, as far as this node has heard lately. */
function leaderWithin({ state }: Core, terms: TermRange | undefined): string | undefined {
  const { phase, leaderHeard } = state;
  if (phase.type !== 'following' && phase.type !== 'adopting') return undefined;
  if (terms === undefined || leaderHeard === undefined) return undefined;
  return phase.term >= terms.first && phase.term <= terms.last ? phase.leader : undefined;
}

/** A campaign has taken long. It goes on while it copies a log, which may be large. */
function endRound(core: Core): void {
  if (phaseOf(core, 'campaigning')?.copying === undefined) giveUp(core);
  else armElection(core);
}

/** What a leader does at intervals. */
function leadOn(core: Core): void {
  checkChangeDeadline(core);
  checkTransferDeadline(core);
  checkQuorum(core);
  if (phaseOf(core, 'leading')?.mark !== undefined) sendHeartbeat(core);
}

function due(deadline: number | undefined, now: number): boolean {
  return deadline !== undefined && now >= deadline;
}
