import { type Core, phaseOf } from '../core.ts';
import { disarmElection, isFounder } from '../elections/election-timer.ts';
import { type Configuration, configurationOf } from '../log/configuration.ts';
import { batchEndAt, type LogView, ownLog } from '../log/log-view.ts';
import type { Grant } from '../messages.ts';
import { byName } from '../plain-data.ts';
import type { Progress } from '../state.ts';
import { advanceCommit } from './commit.ts';
import { sendHeartbeat } from './heartbeat.ts';

/** Begins to lead: cuts the unfinished batch at the end of the log, and marks the term. */
export function lead(core: Core): void {
  const { term } = phaseOf(core, 'campaigning')!;
  const { log } = core.state;
  const cut = batchEndAt(log, log.last);
  const configuration = isFounder(core) ? firstConfiguration(core) : undefined;
  const none = {
    since: core.now,
    mark: undefined,
    progress: byName<Progress>(),
    change: undefined,
    transfer: undefined,
  };
  core.state.phase = { type: 'leading', term, ...none };
  disarmElection(core);
  core.emit({ type: 'lead', term, cut, configuration });
}

/** The mark is in the log, and synced. */
export function began(core: Core, view: LogView): void {
  const phase = phaseOf(core, 'leading');
  if (phase === undefined || phase.mark !== undefined) return;
  const mark = view.marks.findLast(({ term }) => term === phase.term);
  if (mark === undefined) return;
  core.state.log = ownLog(view);
  phase.mark = mark.index;
  sendHeartbeat(core);
  advanceCommit(core);
}

/** The founding voters, with the stores that their votes came from. */
function firstConfiguration({ options, self, state }: Core): Configuration {
  const { phase } = state;
  const grants = phase.type === 'campaigning' ? phase.grants : byName<Grant>();
  const voters = options.founding!.map((name) => ({
    name,
    storeId: name === self.name ? self.storeId : grants[name]!.storeId,
  }));
  return configurationOf(voters);
}
