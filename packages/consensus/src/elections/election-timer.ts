import type { Core } from '../core.ts';
import { isVoter } from '../log/configuration.ts';
import { configurationInForce } from '../log/log-view.ts';

/** The mean wait between two campaigns of one choice, in ms. */
const RETRY = 100;

/** Whether this node is a voter of the configuration in its log, or may found a cluster. */
export function mayCampaign(core: Core): boolean {
  return isFounder(core) || isVoter(configurationInForce(core.state.log), core.self);
}

/** Whether this node founds a new cluster: it is the first voter, and has no log yet. */
export function isFounder({ options, state, self }: Core): boolean {
  return options.founding?.[0] === self.name && state.log.last === 0n;
}

/** Waits for a leader for a random time, from now on. */
export function armElection(core: Core): void {
  const { min, max } = core.timing.electionTimeout;
  arm(core, min + core.options.random() * (max - min));
}

/** Holds an election soon: there is a sign that the leader is gone, but no proof. */
export function hastenElection(core: Core): void {
  arm(core, core.options.random() * core.timing.hintDelay);
}

/** Campaigns again after a short, random wait, so that two candidates do not block each other. */
export function retryElection(core: Core): void {
  arm(core, RETRY * (0.5 + core.options.random()));
}

export function disarmElection({ state }: Core): void {
  state.deadlines.election = undefined;
}

function arm(core: Core, wait: number): void {
  const { state, options } = core;
  const { elections = 'self' } = options;
  if (elections === 'manual' || (elections === 'chosen' && state.chosen === undefined)) return;
  state.deadlines.election = core.now + wait;
}
