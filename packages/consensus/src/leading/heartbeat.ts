import { type Core, phaseOf } from '../core.ts';
import { armElection } from '../elections/election-timer.ts';
import { type Configuration, majorityOf } from '../log/configuration.ts';
import { configurationInForce } from '../log/log-view.ts';
import { change } from '../terms.ts';

/** Tells all nodes that this one leads, and how far its log is committed. */
export function sendHeartbeat(core: Core): void {
  const { term } = phaseOf(core, 'leading')!;
  const { commit, log } = core.state;
  core.emit({ type: 'broadcast', message: { type: 'heartbeat', term, commit, logId: log.id } });
  core.state.deadlines.heartbeat = core.now + core.timing.heartbeatInterval;
}

/** Steps down if no majority has answered lately: it could not commit anything. */
export function checkQuorum(core: Core): void {
  const configuration = configurationInForce(core.state.log);
  if (configuration === undefined) return;
  const { since } = phaseOf(core, 'leading')!;
  if (core.now - since < core.timing.electionTimeout.min) return;
  if (heardOf(core, configuration).length >= majorityOf(configuration)) return;
  change(core, { type: 'idle' }, 'no-majority');
  armElection(core);
}

/** The voters of a configuration that have answered within the shortest election timeout. */
export function heardOf(core: Core, { voters }: Configuration): string[] {
  const { progress } = phaseOf(core, 'leading')!;
  const since = core.now - core.timing.electionTimeout.min;
  return voters
    .filter(({ name, storeId }) => {
      if (name === core.self.name) return storeId === core.self.storeId;
      const found = progress[name];
      return found?.storeId === storeId && found.heard >= since;
    })
    .map(({ name }) => name);
}
