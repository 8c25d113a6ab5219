import { type Core, phaseOf, report } from '../core.ts';
import { lead } from '../leading/begin.ts';
import { type Configuration, isVoter, majorityOf } from '../log/configuration.ts';
import { batchEndAt, configurationAt, type LogView, ownLog, positionOf } from '../log/log-view.ts';
import { isAhead } from '../log/position.ts';
import type { Grant } from '../messages.ts';
import { isSettled } from '../terms.ts';
import { askVoters, giveUp } from './candidacy.ts';
import { isFounder, mayCampaign } from './election-timer.ts';

/** Asks for votes once the candidate's own is stored and its log has come to rest. */
export function settleCandidacy(core: Core): void {
  const phase = phaseOf(core, 'campaigning');
  if (phase === undefined || phase.begun || !isSettled(core, phase.term)) return;
  phase.begun = true;
  askVoters(core);
  consider(core);
}

export function receiveGrant(core: Core, from: string, grant: Grant): void {
  const phase = phaseOf(core, 'campaigning');
  if (phase?.term !== grant.term || !phase.asked.includes(from)) return;
  if (grant.life !== core.options.life || phase.grants[from] !== undefined) return;
  phase.grants[from] = grant;
  report(core, { type: 'voteReceived', term: grant.term, voter: from });
  consider(core);
}

/**
 * The log of a voter was copied; or its source has gone, and what was copied stays. The
 * configuration in it decides from here on.
 */
export function copied(core: Core, view: LogView, { complete }: { complete: boolean }): void {
  const phase = phaseOf(core, 'campaigning');
  if (phase?.copying === undefined) return;
  if (!complete) phase.failed.push(phase.copying);
  phase.copying = undefined;
  core.state.log = ownLog(view);
  if (!mayCampaign(core)) return giveUp(core);
  askVoters(core);
  consider(core);
}

/** Leads if it may; otherwise copies the log of a voter that is ahead. */
function consider(core: Core): void {
  const phase = phaseOf(core, 'campaigning')!;
  if (phase.copying !== undefined) return;
  if (mayLead(core)) return lead(core);
  const source = furthestAhead(core);
  if (source === undefined) return;
  phase.copying = source;
  const { storeId, position } = phase.grants[source]!;
  core.emit({ type: 'copy', from: source, term: phase.term, storeId, position });
}

/**
 * Whether a majority of the configuration in this node's own log has granted the term, each with a
 * log that is not ahead of it. The votes were asked for under another configuration, perhaps: that
 * is neither sufficient nor needed.
 */
function mayLead(core: Core): boolean {
  if (isFounder(core)) return mayFound(core);
  const { log } = core.state;
  const cut = batchEndAt(log, log.last);
  const configuration = configurationAt(log, cut)?.configuration;
  if (configuration === undefined) return false;
  return votesIn(core, configuration) >= majorityOf(configuration);
}

/** How many voters of a configuration have granted the term, with logs that are not ahead. */
function votesIn(core: Core, configuration: Configuration): number {
  const { grants } = phaseOf(core, 'campaigning')!;
  const position = positionOf(core.state.log);
  let votes = isVoter(configuration, core.self) ? 1 : 0;
  for (const [name, grant] of Object.entries(grants)) {
    if (!isVoter(configuration, { name, storeId: grant.storeId })) continue;
    if (!isAhead(grant.position, position)) votes++;
  }
  return votes;
}

/** A founder needs the votes of all others, each with an empty log. */
function mayFound({ options, self, state }: Core): boolean {
  const { phase } = state;
  if (phase.type !== 'campaigning') return false;
  return options.founding!.every(
    (name) => name === self.name || phase.grants[name]?.position.index === 0n,
  );
}

/** The voter whose log is furthest ahead of this node's, and can be copied. */
function furthestAhead(core: Core): string | undefined {
  const { grants, failed } = phaseOf(core, 'campaigning')!;
  let source: string | undefined;
  let furthest = positionOf(core.state.log);
  for (const [name, { position }] of Object.entries(grants)) {
    if (failed.includes(name) || !isAhead(position, furthest)) continue;
    source = name;
    furthest = position;
  }
  return source;
}
