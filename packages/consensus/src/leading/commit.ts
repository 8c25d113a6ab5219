import { type Core, phaseOf, report } from '../core.ts';
import { isVoter, majorityOf, type Voter, voterNamed } from '../log/configuration.ts';
import { batchEndAt, configurationInForce, forgetBefore } from '../log/log-view.ts';
import type { Acknowledgement } from '../messages.ts';
import { change } from '../terms.ts';
import { sendHeartbeat } from './heartbeat.ts';
import { isAdding } from './pending-change.ts';

/** A follower holds the log up to an index. It counts only in the term of this leadership. */
export function receiveAcknowledgement(core: Core, from: string, ack: Acknowledgement): void {
  const phase = phaseOf(core, 'leading');
  if (phase?.mark === undefined || ack.term !== phase.term) return;
  const { storeId, index } = ack;
  // Nobody can hold what is not in the log.
  if (index > core.state.log.last) return;
  const configuration = configurationInForce(core.state.log);
  if (!isVoter(configuration, { name: from, storeId }) && !isAdding(core, from)) {
    const known = voterNamed(configuration, from) !== undefined;
    if (known) report(core, { type: 'otherStore', name: from, storeId });
    return;
  }
  const before = phase.progress[from];
  const held = before?.storeId === storeId && before.index > index ? before.index : index;
  phase.progress[from] = { storeId, index: held, heard: core.now };
  advanceCommit(core);
}

/**
 * Commits the last end of a batch that a majority of the configuration in force holds on stable
 * storage, from the mark of this leader's own term on: entries of earlier terms are committed by
 * it. Source: Raft, 5.4.2.
 */
export function advanceCommit(core: Core): void {
  const phase = phaseOf(core, 'leading');
  const { log } = core.state;
  const configuration = configurationInForce(log);
  if (phase?.mark === undefined || configuration === undefined) return;
  const held = configuration.voters.map((voter) => heldBy(core, voter));
  held.sort((a, b) => (a < b ? 1 : a > b ? -1 : 0));
  const byMajority = held[majorityOf(configuration) - 1]!;
  const end = batchEndAt(log, byMajority);
  if (end < phase.mark || end <= core.state.commit) return;
  commitTo(core, end);
  if (isRemoved(core)) {
    sendHeartbeat(core);
    change(core, { type: 'idle' }, 'removed');
  }
}

/** Takes note that everything up to the end of a batch is committed. */
export function commitTo(core: Core, end: bigint): void {
  core.state.commit = end;
  forgetBefore(core.state.log, end);
  core.emit({ type: 'commit', index: end });
}

/** How far a voter holds this leader's log on stable storage. */
function heldBy(core: Core, { name, storeId }: Voter): bigint {
  if (name === core.self.name) return storeId === core.self.storeId ? core.state.log.synced : 0n;
  const progress = phaseOf(core, 'leading')!.progress[name];
  return progress?.storeId === storeId ? progress.index : 0n;
}

/** Whether a configuration without this leader is committed. It leads until then. */
function isRemoved({ state, self }: Core): boolean {
  const last = state.log.configurations.at(-1)!;
  return last.index <= state.commit && !isVoter(last.configuration, self);
}
