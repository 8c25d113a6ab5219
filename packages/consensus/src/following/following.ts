import { lower } from '../bigint.ts';
import { type Core, phaseOf, report, send } from '../core.ts';
import { armElection } from '../elections/election-timer.ts';
import { isSameLog, refuse } from '../elections/granting.ts';
import { ConsensusError } from '../errors.ts';
import { commitTo } from '../leading/commit.ts';
import { batchEndAt, type LogView, ownLog } from '../log/log-view.ts';
import type { Heartbeat } from '../messages.ts';
import { enterTerm, isPlausible, isSettled } from '../terms.ts';

/**
 * Follows the leader of the latest term, whoever that is: it may be no voter of this node's own
 * configuration, which may be out of date.
 */
export function receiveHeartbeat(core: Core, from: string, heartbeat: Heartbeat): void {
  const { term, commit, logId } = heartbeat;
  const { phase, votedTerm } = core.state;
  const reason = isPlausible(core, term) ? undefined : 'impossible-term';
  const refusal = reason ?? (isSameLog(core, logId) ? undefined : 'other-log');
  if (refusal !== undefined) {
    report(core, { type: 'refused', name: from, reason: refusal });
    return refuse(core, from, { term, reason: refusal });
  }
  if (term < votedTerm) return refuse(core, from, { term, reason: 'voted' });
  if (isOfAnother(core, from, term)) return refuse(core, from, { term, reason: 'voted' });
  if (phase.type === 'leading' && phase.term === term) return;
  if (!isFollowed(core, from, term)) {
    enterTerm(core, term, { type: 'adopting', term, leader: from, leaderCommit: 0n });
  }
  heard(core, commit);
}

/** Follows a leader once its term is stored and the log has come to rest. */
export function settleAdoption(core: Core): void {
  const phase = phaseOf(core, 'adopting');
  if (phase === undefined || !isSettled(core, phase.term)) return;
  core.state.phase = { ...phase, type: 'following', matched: false };
  core.emit({ type: 'follow', leader: phase.leader, term: phase.term });
}

/** The log ends with what it shares with the leader's. That counts as an acknowledgement. */
export function matched(core: Core, view: LogView): void {
  const phase = phaseOf(core, 'following');
  if (phase === undefined) return;
  if (view.last < core.state.commit) {
    const text = `the log was rolled back to ${view.last}, but ${core.state.commit} is committed`;
    throw new ConsensusError('log', text);
  }
  core.state.log = ownLog(view);
  phase.matched = true;
  acknowledge(core);
  followCommit(core);
}

/** Tells the leader what this node holds on stable storage. */
export function acknowledge(core: Core): void {
  const phase = phaseOf(core, 'following');
  if (phase === undefined) return;
  const { storeId } = core.self;
  const index = phase.matched ? core.state.log.synced : 0n;
  send(core, phase.leader, { type: 'acknowledgement', term: phase.term, storeId, index });
}

/** Commits what the leader has, as far as this node's log is known to be the leader's. */
export function followCommit(core: Core): void {
  const phase = phaseOf(core, 'following');
  if (phase === undefined || !phase.matched) return;
  const { log, commit } = core.state;
  const end = batchEndAt(log, lower(phase.leaderCommit, log.last));
  if (end > commit) commitTo(core, end);
}

/** Whether this node follows another leader of the same term: nobody else was elected in it. */
function isOfAnother({ state: { phase } }: Core, from: string, term: bigint): boolean {
  const follows = phase.type === 'adopting' || phase.type === 'following';
  return follows && phase.term === term && phase.leader !== from;
}

function isFollowed({ state }: Core, leader: string, term: bigint): boolean {
  const { phase } = state;
  const follows = phase.type === 'adopting' || phase.type === 'following';
  return follows && phase.leader === leader && phase.term === term;
}

function heard(core: Core, leaderCommit: bigint): void {
  const { state } = core;
  const { phase } = state;
  state.leaderHeard = core.now;
  state.deadlines.silence = core.now + core.timing.electionTimeout.max;
  // Whoever is chosen from outside replaces a leader that is well.
  if (core.options.elections !== 'chosen') armElection(core);
  if (phase.type !== 'adopting' && phase.type !== 'following') return;
  if (leaderCommit > phase.leaderCommit) phase.leaderCommit = leaderCommit;
  acknowledge(core);
  followCommit(core);
}
