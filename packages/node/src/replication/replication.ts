import type { NewEntry } from '@shoal/syncup';
import type { Lag, ReplicaStatus } from '@shoal/syncup/driver';
import type { Connection } from '@shoal/transport';
import { NodeError } from '../errors.ts';
import type { LeaderChoice } from '../leadership/leadership.ts';
import type { NodePeer } from '../members/peers.ts';
import type { AppendOptions, AppendResult } from '../options.ts';
import { acceptAll, type LogListeners, SERVICES } from '../services.ts';
import { epochOf, formatTerm, nextTerm } from '../votes/term.ts';
import { type CampaignEnd, Candidate } from './candidate.ts';
import { CurrentRole, IDLE } from './current-role.ts';
import { Follower } from './follower.ts';
import { Leader } from './leader.ts';
import type { ReplicationParts } from './replication-parts.ts';
import { Voted, Voter } from './voter.ts';

/**
 * Decides what this node does with the log: leads, follows, votes, or nothing. The decision depends
 * on the choice of a leader, on which nodes say that they lead, and on requests for votes.
 */
export class Replication {
  /** The present role, with its term and leader. */
  readonly current: CurrentRole;
  readonly #parts: ReplicationParts;
  readonly #voter: Voter;
  readonly #closing = new AbortController();
  #choice: LeaderChoice | undefined;
  /** The leader that this node has stopped following, for a reason that a retry would not change. */
  #abandoned: string | undefined;
  #scheduled = false;

  constructor(parts: ReplicationParts) {
    this.#parts = parts;
    this.current = new CurrentRole(parts);
    this.#voter = new Voter(this.current, {
      closing: this.#closing.signal,
      onGranted: () => this.adjust(),
    });
    parts.members.onChange = () => this.adjust();
  }

  /** The nodes that follow this one. */
  followers(): ReplicaStatus[] {
    return this.#leader?.followers() ?? [];
  }

  /** How many entries wait for acknowledgements. */
  get pending(): number {
    return this.#leader?.pending ?? 0;
  }

  /** How far this node is behind its leader; undefined if it does not follow. */
  get lag(): Lag | undefined {
    const { state } = this.current;
    return state instanceof Follower ? state.lag : undefined;
  }

  get #leader(): Leader | undefined {
    const { state } = this.current;
    return state instanceof Leader ? state : undefined;
  }

  /** See `ShoalNode.append`. */
  async append(entries: readonly NewEntry[], options: AppendOptions): Promise<AppendResult> {
    this.#closing.signal.throwIfAborted();
    const leader = this.#leader;
    if (leader !== undefined) return leader.append(entries, options);
    const known = this.current.state.leader;
    const remedy = known === undefined ? 'no leader is known' : `append at the leader, ${known}`;
    throw new NodeError('not-leader', `${this.#parts.name} is not the leader: ${remedy}`);
  }

  /** Takes note of which node is to lead. */
  choose(choice: LeaderChoice | undefined): void {
    this.#choice = choice;
    if (choice !== undefined) this.current.noteChoice(choice.epoch);
    this.adjust();
  }

  /** Does, after the tasks that are queued, what the choice and the members ask for by then. */
  adjust(): void {
    if (this.#scheduled || this.#closing.signal.aborted) return;
    this.#scheduled = true;
    void this.current.queue.run(async () => {
      this.#scheduled = false;
      if (this.#closing.signal.aborted) return;
      try {
        await this.#adjust();
      } catch (error) {
        this.current.fail(error);
      }
    });
  }

  /** Serves the connections to this node's log and to its vote. */
  serve(listeners: LogListeners): void {
    void acceptAll(listeners.log, (connection) => this.#serveLog(connection));
    void acceptAll(listeners.vote, (connection) => this.#voter.serve(connection));
    void acceptAll(listeners.source, (connection) => this.#serveSource(connection));
  }

  /** Ends everything. Never rejects. */
  async close(reason: NodeError): Promise<void> {
    this.#closing.abort(reason);
    const { state } = this.current;
    // Otherwise the candidate would hold up the queue for as long as it catches up.
    if (state instanceof Candidate) state.abort();
    await this.current.queue.run(() => this.current.change(IDLE, reason));
  }

  async #adjust(): Promise<void> {
    const { name, members, votes, voters } = this.#parts;
    const { state } = this.current;
    const leader = members.peers.latestLeader({
      except: name,
      voters,
      believes: (term) => this.current.isPlausible(term),
    });
    if (state instanceof Leader) {
      const reason = this.#reasonToStepDown(state, leader);
      if (reason === undefined) return;
      await this.current.change(IDLE, reason);
    }
    if (this.#mayLead(leader)) return this.#campaign();
    if (state instanceof Candidate) await this.current.change(IDLE);
    if (leader === undefined || leader.metadata.term < votes.votedTerm) return;
    await this.#follow(leader);
  }

  /** Why this node must no longer lead. Undefined: it still may. */
  #reasonToStepDown({ term }: Leader, rival: NodePeer | undefined): NodeError | undefined {
    const { name, members, voters } = this.#parts;
    const later = [this.current.highestTerm, rival?.metadata.term ?? 0n].find((t) => t > term);
    if (later !== undefined) {
      const text = `term ${formatTerm(later)} is later than this leader's, ${formatTerm(term)}`;
      return new NodeError('fenced', text);
    }
    const choice = this.#choice;
    if (choice?.leader !== name) {
      return new NodeError('fenced', `${name} is no longer chosen to lead`);
    }
    // A voter that has voted in a later term follows again only if this node leads in one above it.
    const voted = members.peers.highestTerm(voters);
    if (
      voted <= term ||
      !this.current.isPlausible(voted) ||
      nextTerm(choice.epoch, voted) === undefined
    )
      return undefined;
    this.current.noteTerm(voted);
    return new NodeError('fenced', `a voter has voted in the later term ${formatTerm(voted)}`);
  }

  /** Whether this node is chosen, and no other one leads, or might lead, in its epoch or later. */
  #mayLead(leader: NodePeer | undefined): boolean {
    const { name, voters } = this.#parts;
    const choice = this.#choice;
    if (choice?.leader !== name || !voters.includes(name)) return false;
    if (leader !== undefined && epochOf(leader.metadata.term) >= choice.epoch) return false;
    return nextTerm(choice.epoch, this.current.highestTerm) !== undefined;
  }

  async #campaign(): Promise<void> {
    const { state } = this.current;
    const { epoch } = this.#choice!;
    if (state instanceof Candidate && state.epoch === epoch) return state.dropLostSource();
    const onEnd = (end: CampaignEnd): void => this.#onCampaignEnd(end);
    const candidate = new Candidate(this.current, { epoch, onEnd });
    await this.current.change(candidate);
    void candidate.run();
  }

  #onCampaignEnd(end: CampaignEnd): void {
    // An immediate retry would fail again: wait for another choice.
    if (end === 'failed') this.#choice = undefined;
    this.adjust();
  }

  async #follow(peer: NodePeer): Promise<void> {
    const { state } = this.current;
    const { name: leader, term } = peer.metadata;
    const key = `${leader} ${peer.member.address} ${term}`;
    if (state instanceof Follower) {
      if (state.leader === leader && state.term === term) return;
    } else if (this.#abandoned === key) return;
    await this.current.change(IDLE);
    this.#abandoned = undefined;
    const service = SERVICES.log;
    const follower = new Follower(this.current, { leader, term, service, accept: 'at-least' });
    follower.finished.catch((error: unknown) => this.#onFollowerFailure(follower, key, error));
    await this.current.change(follower);
  }

  async #onFollowerFailure(follower: Follower, key: string, error: unknown): Promise<void> {
    await this.current.queue.run(async () => {
      if (this.current.state !== follower) return;
      this.#abandoned = key;
      await this.current.change(IDLE);
      this.current.fail(error);
      this.adjust();
    });
  }

  /** A connection to the log of the leader. */
  #serveLog(connection: Connection): void {
    const leader = this.#leader;
    if (leader !== undefined) leader.serve(connection);
    else connection.abort(new NodeError('not-leader', `${this.#parts.name} is not the leader`));
  }

  /** A connection of the candidate that this node has voted for. */
  #serveSource(connection: Connection): void {
    const { state } = this.current;
    if (state instanceof Voted) void state.source.serve(connection);
    else connection.abort(new NodeError('protocol', `${this.#parts.name} has not voted`));
  }
}
