import { pause } from '@shoal/async';
import { SyncupError } from '@shoal/syncup';
import { labelTag } from '@shoal/wire/internal';
import { NodeError } from '../errors.ts';
import { SERVICES } from '../services.ts';
import { holdElection } from '../votes/election.ts';
import { furthestAhead, isAhead } from '../votes/log-position.ts';
import { formatTerm, nextTerm } from '../votes/term.ts';
import type { VoteReply } from '../votes/vote-message.ts';
import { requestVote } from '../votes/vote-service.ts';
import { type CurrentRole, IDLE, type RoleState } from './current-role.ts';
import { Follower } from './follower.ts';
import { Leader } from './leader.ts';
import { DEFAULT_STEP_TIMEOUT } from './replication-parts.ts';

/** The mean wait between two elections of one campaign, in ms. */
const RETRY = 100;

/**
 * How often the stream from a voter that is ahead may end without an entry. A voter that has
 * restarted no longer serves the log to which its vote belongs: it votes again, in a later term.
 */
const MAX_SOURCE_FAILURES = 3;

/** Why a campaign, or the leadership that it led to, has ended. */
export type CampaignEnd = 'superseded' | 'failed';

/** What a {@link Candidate} is given. */
export interface CandidateOptions {
  /** The epoch of the choice. */
  readonly epoch: bigint;
  /** Called when the campaign, or the leadership that it led to, has ended by itself. */
  readonly onEnd: (end: CampaignEnd) => void;
}

/** This node from the moment it is chosen until it leads. */
export class Candidate implements RoleState {
  readonly role = 'member';
  readonly term = 0n;
  readonly leader = undefined;
  readonly epoch: bigint;
  readonly #current: CurrentRole;
  readonly #onEnd: (end: CampaignEnd) => void;
  readonly #stopping = new AbortController();
  /** The voter whose log this node currently takes over. */
  #source: Follower | undefined;

  constructor(current: CurrentRole, { epoch, onEnd }: CandidateOptions) {
    this.epoch = epoch;
    this.#current = current;
    this.#onEnd = onEnd;
  }

  get #signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Holds elections until one has made this node the leader. Never rejects. */
  async run(): Promise<void> {
    const current = this.#current;
    try {
      while (!this.#signal.aborted) {
        if (await this.#attempt()) return;
        // Random, so that two candidates do not keep blocking each other.
        await pause(RETRY * (0.5 + current.parts.random()), this.#signal);
      }
    } catch (error) {
      if (this.#signal.aborted) return;
      await current.queue.run(async () => {
        if (current.state !== this) return;
        await current.change(IDLE);
        current.fail(error);
        this.#onEnd('failed');
      });
    }
  }

  /** Makes {@link run} end without waiting for it. */
  abort(): void {
    this.#stopping.abort(new NodeError('fenced', 'the campaign has ended'));
  }

  /** Resolves once the log is at rest. Never rejects. */
  async stop(): Promise<void> {
    this.abort();
    await this.#source?.stop();
  }

  /** Gives up on a log whose voter is no longer a member: the next election finds another one. */
  async dropLostSource(): Promise<void> {
    const source = this.#source;
    const lost = source && this.#current.parts.members.peers.named(source.leader) === undefined;
    if (lost) await source.stop();
  }

  /** One election, in one term. True once the campaign has ended. */
  async #attempt(): Promise<boolean> {
    const { events, members, random, name, voters, marks } = this.#current.parts;
    const term = await this.#enterTerm();
    if (term === undefined) return true;
    events.emit({ type: 'campaign', term });
    const election = await holdElection(
      {
        term,
        others: voters.filter((voter) => voter !== name),
        needed: Math.floor(voters.length / 2),
        peers: members.peers,
        events,
        random,
        ask: (voter, signal) => this.#ask(voter, term, signal),
      },
      this.#signal,
    );
    if (election.type === 'refused') {
      this.#current.noteTerm(election.votedTerm);
      return false;
    }
    const source = furthestAhead(election.positions, marks.position);
    if (source !== undefined) {
      if (source.position.term >= term) {
        const found = formatTerm(source.position.term);
        const text = `${source.name} holds entries of term ${found}, which has no leader yet`;
        throw new NodeError('protocol', text);
      }
      await this.#catchUp(source.name, term, source.position.last);
      if (isAhead(source.position, marks.position)) return false;
    }
    return this.#lead(term);
  }

  /** Votes for itself in a new term. Undefined if the campaign has ended. */
  async #enterTerm(): Promise<bigint | undefined> {
    const current = this.#current;
    const term = await current.queue.run(async () => {
      const next = nextTerm(this.epoch, current.highestTerm);
      if (this.#signal.aborted || next === undefined) return undefined;
      await current.parts.votes.raise(next);
      current.publish();
      return next;
    });
    if (term !== undefined) return term;
    // A later epoch is known: wait for another choice.
    await current.queue.run(async () => {
      if (current.state === this) await current.change(IDLE);
    });
    this.#onEnd('superseded');
    return undefined;
  }

  async #ask(voter: string, term: bigint, signal: AbortSignal): Promise<VoteReply> {
    const { dialer, label, name, options } = this.#current.parts;
    const { stepTimeout: timeout = DEFAULT_STEP_TIMEOUT } = options;
    const connection = await dialer.dial(voter, SERVICES.vote, signal);
    return requestVote(
      connection,
      { type: 'request', label: labelTag(label), term, candidate: name, voter },
      { timeout, signal },
    );
  }

  /**
   * Takes over the entries of a voter that is ahead, whose log does not change meanwhile. What was
   * taken when the voter has gone stays.
   */
  async #catchUp(voter: string, term: bigint, last: bigint): Promise<void> {
    const current = this.#current;
    const source = await current.queue.run(async () => {
      this.#signal.throwIfAborted();
      const service = SERVICES.source;
      const onDisconnected = this.#failuresOfSource();
      const options = { leader: voter, term, service, onDisconnected };
      this.#source = new Follower(current, { ...options, accept: 'exact' });
      return this.#source;
    });
    try {
      await source.applied(last, this.#signal);
    } catch (error) {
      const stopped = error instanceof SyncupError && error.code === 'closed';
      if (!stopped || this.#signal.aborted) throw error;
    } finally {
      await current.queue.run(async () => {
        this.#source = undefined;
        await source.stop();
      });
    }
  }

  /** Gives up on the source after some failures in a row. */
  #failuresOfSource(): () => void {
    const { log } = this.#current.parts;
    let failures = 0;
    let { last } = log.range;
    return () => {
      failures = log.range.last > last ? 1 : failures + 1;
      last = log.range.last;
      if (failures === MAX_SOURCE_FAILURES) void this.#source?.stop();
    };
  }

  /** Begins to lead unless a later term has come up. True: the campaign has ended. */
  async #lead(term: bigint): Promise<boolean> {
    const current = this.#current;
    const { parts } = current;
    return current.queue.run(async () => {
      if (this.#signal.aborted || parts.votes.votedTerm !== term) return true;
      await this.#cutUnfinishedBatch();
      const leader = await Leader.start(parts, {
        term,
        admit: (replica) => current.admit(replica),
        onStaleTerm: (known) => {
          // One of a later epoch cannot be outbid: go on with the voters that still follow.
          if (nextTerm(this.epoch, known) === undefined) return;
          current.noteTerm(known);
          this.#onEnd('superseded');
        },
        onFailure: (error) => {
          current.fail(error);
          this.#onEnd('failed');
        },
      });
      await current.change(leader);
      return true;
    });
  }

  /** Undoes a batch without its end: it was received in part, and never acknowledged. */
  async #cutUnfinishedBatch(): Promise<void> {
    const { log, marks, callbacks, events, name } = this.#current.parts;
    const { first, last, lastSync } = log.range;
    if (last === lastSync || (lastSync === 0n && first > 1n)) return;
    const discarded = await log.rollback(lastSync, 'a batch without its end');
    await marks.rolledBack(lastSync);
    const rollback = { matchpoint: lastSync, discarded, transactions: 0, leader: name };
    await callbacks.onRollback?.(rollback);
    events.emit({ type: 'rollback', ...rollback });
  }
}
