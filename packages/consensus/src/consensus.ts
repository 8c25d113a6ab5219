import { type Core, phaseOf, report } from './core.ts';
import { askAgain, campaign, giveUp, refused } from './elections/candidacy.ts';
import { copied, receiveGrant, settleCandidacy } from './elections/counting.ts';
import {
  armElection,
  disarmElection,
  hastenElection,
  mayCampaign,
  retryElection,
} from './elections/election-timer.ts';
import { receiveVoteRequest, settleGrant } from './elections/granting.ts';
import {
  askWhetherElected,
  receivePreVoteReply,
  receivePreVoteRequest,
} from './elections/pre-vote.ts';
import { ConsensusError } from './errors.ts';
import {
  acknowledge,
  followCommit,
  matched,
  receiveHeartbeat,
  settleAdoption,
} from './following/following.ts';
import { began } from './leading/begin.ts';
import {
  advanceChange,
  type ChangeVotersRequest,
  changeVoters,
  checkChangeDeadline,
} from './leading/change-voters.ts';
import { advanceCommit, receiveAcknowledgement } from './leading/commit.ts';
import { checkQuorum, sendHeartbeat } from './leading/heartbeat.ts';
import { isAdding } from './leading/pending-change.ts';
import {
  advanceTransfer,
  checkTransferDeadline,
  receiveCampaignNow,
  transferLeadership,
} from './leading/transfer.ts';
import { type Configuration, isVoter } from './log/configuration.ts';
import {
  configurationInForce,
  extend,
  type LogTail,
  type LogView,
  ownLog,
  positionOf,
} from './log/log-view.ts';
import type { Position } from './log/position.ts';
import type { Message, Refusal } from './messages.ts';
import { type ConsensusOptions, DEFAULT_TIMING } from './options.ts';
import type { ConsensusOutput } from './outputs.ts';
import { copyOf } from './plain-data.ts';
import type { State, TermRange } from './state.ts';
import { change, noteTerm } from './terms.ts';

/** What a node does in the cluster. */
export type ConsensusRole = 'follower' | 'candidate' | 'leader';

/**
 * One node's part in choosing a leader, in what is committed, and in who votes: a machine without
 * I/O. After each call, drain {@link Consensus.poll}, and do what it says in that order. Call
 * {@link Consensus.handleTimeout} once {@link Consensus.deadline} has passed.
 *
 * What a peer sends never throws. A call of the driver throws a `ConsensusError`, with the state
 * unchanged.
 */
export class Consensus {
  readonly #core: Core;
  readonly #outputs: ConsensusOutput[] = [];
  #configuration: Configuration | undefined;

  constructor(options: ConsensusOptions) {
    const { name, storeId, votedTerm, now, timing = DEFAULT_TIMING } = options;
    const log = ownLog(options.log);
    const { term } = positionOf(log);
    if (term > votedTerm) {
      const text = `the log holds entries of term ${term}, but the stored vote is of term ${votedTerm}`;
      throw new ConsensusError('log', text);
    }
    const state: State = {
      votedTerm,
      storedTerm: votedTerm,
      seenTerm: 0n,
      resting: false,
      log,
      commit: 0n,
      phase: { type: 'idle' },
      chosen: undefined,
      leaderHeard: undefined,
      deadlines: { election: undefined, heartbeat: undefined },
    };
    const emit = (output: ConsensusOutput): void => void this.#outputs.push(output);
    this.#core = { self: { name, storeId }, options, timing, state, now, emit };
    this.#configuration = configurationInForce(log);
    armElection(this.#core);
  }

  /** Everything that this machine knows, as plain data: a copy. */
  save(): State {
    return copyOf(this.#core.state);
  }

  /** Goes back to a saved state. Outputs that were not drained are dropped. */
  load(state: State): void {
    this.#core.state = copyOf(state);
    this.#configuration = configurationInForce(state.log);
    this.#outputs.length = 0;
  }

  /** The next thing to do; undefined if there is none for now. */
  poll(): ConsensusOutput | undefined {
    return this.#outputs.shift();
  }

  /** When to call `handleTimeout`, in ms; Infinity: not before another call. */
  get deadline(): number {
    const { election, heartbeat } = this.#core.state.deadlines;
    return Math.min(election ?? Number.POSITIVE_INFINITY, heartbeat ?? Number.POSITIVE_INFINITY);
  }

  get role(): ConsensusRole {
    const { type } = this.#core.state.phase;
    if (type === 'leading') return 'leader';
    return type === 'campaigning' || type === 'asking' ? 'candidate' : 'follower';
  }

  /** The highest term in which this node has voted. */
  get votedTerm(): bigint {
    return this.#core.state.votedTerm;
  }

  /** Who leads, as far as this node knows; undefined if it has not heard of a leader lately. */
  get leader(): string | undefined {
    const { phase } = this.#core.state;
    if (phase.type === 'leading') return this.#core.self.name;
    if (phase.type !== 'following' && phase.type !== 'adopting') return undefined;
    return this.#core.state.leaderHeard === undefined ? undefined : phase.leader;
  }

  /** When the leader was last heard, in ms; undefined: not since its stream broke. */
  get leaderHeard(): number | undefined {
    return this.#core.state.leaderHeard;
  }

  /** All entries up to this index are committed, as far as this node knows. */
  get commit(): bigint {
    return this.#core.state.commit;
  }

  /** Who votes, by the log of this node. */
  get configuration(): Configuration | undefined {
    return configurationInForce(this.#core.state.log);
  }

  /** Where the log of this node ends. */
  get position(): Position {
    return positionOf(this.#core.state.log);
  }

  /** Whether entries may be appended: this node leads, and is not handing over. */
  get acceptsProposals(): boolean {
    const phase = phaseOf(this.#core, 'leading');
    return phase?.mark !== undefined && phase.transfer === undefined;
  }

  /** Takes a message of another node. Who sent it must be proved, as far as the cluster can. */
  receive(from: string, message: Message, now: number): void {
    this.#input(now, (core) => receiveMessage(core, from, message));
  }

  /** Does what is due. */
  handleTimeout(now: number): void {
    this.#input(now, (core) => {
      const { deadlines, phase } = core.state;
      if (due(deadlines.heartbeat, now)) {
        deadlines.heartbeat = undefined;
        if (phase.type === 'campaigning') askAgain(core);
        if (phase.type === 'leading') leadOn(core);
      }
      if (due(deadlines.election, now)) {
        deadlines.election = undefined;
        if (phase.type === 'campaigning') giveUp(core);
        else if (core.options.elections === 'chosen') campaign(core);
        else if (mayCampaign(core)) askWhetherElected(core);
      }
    });
  }

  /** Answers `storeVote`. */
  voteStored(term: bigint, now: number): void {
    this.#input(now, ({ state }) => {
      if (term > state.storedTerm) state.storedTerm = term;
    });
  }

  /** Answers `rest`: nothing changes the log from here on. */
  rested(view: LogView, now: number): void {
    this.#input(now, ({ state }) => {
      if (!state.resting) return;
      state.resting = false;
      state.log = ownLog(view);
    });
  }

  /** Answers `copy`. `complete`: the whole log was copied; otherwise its source has gone. */
  copied(view: LogView, { complete }: { readonly complete: boolean }, now: number): void {
    this.#input(now, (core) => copied(core, view, { complete }));
  }

  /** Answers `lead`. */
  began(view: LogView, now: number): void {
    this.#input(now, (core) => began(core, view));
  }

  /** Answers `follow`. Throws `log` if committed entries were rolled back: the logs contradict. */
  matched(view: LogView, now: number): void {
    this.#input(now, (core) => matched(core, view));
  }

  /** Entries were appended, by this leader or from the leader that it follows. */
  appended(tail: LogTail, now: number): void {
    this.#input(now, (core) => {
      const { log, phase, resting } = core.state;
      if (resting || (phase.type !== 'leading' && phase.type !== 'following')) return;
      extend(log, tail);
      if (phase.type === 'leading' && phase.change && tail.configurations.length > 0) {
        phase.change.appending = false;
      }
      followCommit(core);
    });
  }

  /** The log is on stable storage up to this index. */
  synced(index: bigint, now: number): void {
    this.#input(now, (core) => {
      const { log } = core.state;
      if (index <= log.synced || index > log.last) return;
      log.synced = index;
      acknowledge(core);
      advanceCommit(core);
    });
  }

  /** Campaigns now, without asking whether it would be elected. */
  campaign(now: number): void {
    this.#input(now, (core) => campaign(core));
  }

  /** With `elections: 'chosen'`: this node is chosen to lead in these terms, or another one is. */
  choose(terms: TermRange | undefined, now: number): void {
    this.#input(now, (core) => {
      const { state } = core;
      state.chosen = terms;
      if (terms !== undefined) return retryElection(core);
      disarmElection(core);
      const { type } = state.phase;
      if (type === 'leading' || type === 'campaigning') {
        change(core, { type: 'idle' }, 'not-chosen');
      }
    });
  }

  /** There are signs that the leader is gone: its stream has broken, or it is no longer a member. */
  suspectLeader(leader: string, now: number): void {
    this.#input(now, (core) => {
      const phase = phaseOf(core, 'following') ?? phaseOf(core, 'adopting');
      if (phase?.leader !== leader) return;
      core.state.leaderHeard = undefined;
      if (core.options.elections !== 'chosen') hastenElection(core);
    });
  }

  /** Adds and removes voters. See {@link ChangeVotersRequest}; the end is reported. */
  changeVoters(request: ChangeVotersRequest, now: number): void {
    this.#input(now, (core) => changeVoters(core, request));
  }

  /** Hands over to another voter, who must take over within `timeout` ms. */
  transferLeadership(
    request: { readonly to: string; readonly timeout: number },
    now: number,
  ): void {
    this.#input(now, (core) => transferLeadership(core, request));
  }

  /** Runs one input, and what it makes possible. */
  #input(now: number, input: (core: Core) => void): void {
    const core = this.#core;
    if (!Number.isFinite(now)) throw new ConsensusError('argument', 'a time must be a number');
    core.now = now;
    input(core);
    settleGrant(core);
    settleAdoption(core);
    settleCandidacy(core);
    advanceChange(core);
    advanceTransfer(core);
    this.#reportConfiguration();
  }

  #reportConfiguration(): void {
    const configuration = configurationInForce(this.#core.state.log);
    if (configuration === this.#configuration) return;
    this.#configuration = configuration;
    report(this.#core, { type: 'configuration', configuration });
  }
}

function receiveMessage(core: Core, from: string, message: Message): void {
  if (from === core.self.name) return;
  switch (message.type) {
    case 'preVoteRequest':
      return receivePreVoteRequest(core, from, message);
    case 'preVoteReply':
      return receivePreVoteReply(core, from, message);
    case 'voteRequest':
      return receiveVoteRequest(core, from, message);
    case 'grant':
      return receiveGrant(core, from, message);
    case 'refusal':
      return receiveRefusal(core, from, message);
    case 'heartbeat':
      return receiveHeartbeat(core, from, message);
    case 'acknowledgement':
      return receiveAcknowledgement(core, from, message);
    case 'campaignNow':
      return receiveCampaignNow(core, from, message);
  }
}

/** Another node has voted in a later term, or belongs to another cluster. */
function receiveRefusal(core: Core, from: string, refusal: Refusal): void {
  const { phase } = core.state;
  const { reason, votedTerm, storeId } = refusal;
  if (!('term' in phase) || phase.term !== refusal.term) return;
  if (reason !== 'voted') report(core, { type: 'refused', name: from, reason });
  if (phase.type === 'campaigning' && phase.asked.includes(from)) {
    noteTerm(core, votedTerm);
    refused(core, refusal);
  }
  // Only a voter, or who is about to be one, deposes a leader.
  if (phase.type !== 'leading' || votedTerm <= phase.term) return;
  const voter = { name: from, storeId };
  const counts = isVoter(configurationInForce(core.state.log), voter) || isAdding(core, from);
  if (!counts) return;
  noteTerm(core, votedTerm);
  campaign(core, 'later-term');
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
