import { type Core, phaseOf, report } from './core.ts';
import { campaign } from './elections/candidacy.ts';
import { copied, settleCandidacy } from './elections/counting.ts';
import {
  armElection,
  disarmElection,
  hastenElection,
  retryElection,
} from './elections/election-timer.ts';
import { settleGrant } from './elections/granting.ts';
import { ConsensusError } from './errors.ts';
import { acknowledge, followCommit, matched, settleAdoption } from './following/following.ts';
import { began } from './leading/begin.ts';
import { advanceChange, type ChangeVotersRequest, changeVoters } from './leading/change-voters.ts';
import { advanceCommit } from './leading/commit.ts';
import { advanceTransfer, transferLeadership } from './leading/transfer.ts';
import { type Configuration, isSameConfiguration } from './log/configuration.ts';
import {
  configurationInForce,
  extend,
  type LogTail,
  type LogView,
  ownLog,
  positionOf,
} from './log/log-view.ts';
import type { Position } from './log/position.ts';
import type { Message } from './messages.ts';
import { type ConsensusOptions, DEFAULT_TIMING } from './options.ts';
import type { ConsensusOutput } from './outputs.ts';
import { copyOf } from './plain-data.ts';
import { receiveMessage } from './receive-message.ts';
import type { State, TermRange } from './state.ts';
import { change } from './terms.ts';
import { doWhatIsDue, nextDeadline } from './timeouts.ts';

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
      deadlines: { election: undefined, heartbeat: undefined, silence: undefined },
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
    return nextDeadline(this.#core);
  }

  /** What this node does now. A node that waits for a leader counts as a follower. */
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
    this.#input(now, doWhatIsDue);
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
      const { phase } = state;
      state.chosen = terms;
      const tries = phase.type === 'leading' || phase.type === 'campaigning';
      if (terms !== undefined) {
        const within = tries && phase.term >= terms.first && phase.term <= terms.last;
        if (!within) retryElection(core);
        return;
      }
      disarmElection(core);
      if (tries) change(core, { type: 'idle' }, 'not-chosen');
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

  /** Stops leading or campaigning, for a reason of the driver's: its log has failed, for instance. */
  resign(now: number): void {
    this.#input(now, (core) => {
      const { type } = core.state.phase;
      if (type !== 'leading' && type !== 'campaigning') return;
      change(core, { type: 'idle' }, 'resigned');
      armElection(core);
    });
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
    if (isSameConfiguration(configuration, this.#configuration)) return;
    this.#configuration = configuration;
    report(this.#core, { type: 'configuration', configuration });
  }
}
