import type { NewEntry } from '@shoal/syncup';
import { type ReplicaStatus, startFeeder } from '@shoal/syncup/driver';
import type { Connection } from '@shoal/transport';
import { labelTag } from '@shoal/wire/internal';
import { NodeError } from '../errors.ts';
import type { LeaderChoice } from '../leadership/leadership.ts';
import type { Peer } from '../members/peers.ts';
import type { Appended, AppendOptions } from '../options.ts';
import { epochOf, formatTerm, nextTerm } from '../votes/term.ts';
import type { VoteReply, VoteRequest } from '../votes/vote-message.ts';
import { SERVICES, serveVote } from '../votes/vote-service.ts';
import { Candidate } from './candidate.ts';
import { type Campaign, CurrentRole, IDLE, type ReplicationParts } from './current-role.ts';
import type { Follower } from './follower.ts';
import { feederTuning, type Leader } from './leader.ts';

/**
 * Decides what this node does with the log: by who is chosen to feed, by who says that it does,
 * and by whom promises are asked.
 */
export class Replication {
  readonly #parts: ReplicationParts;
  readonly #closing = new AbortController();
  readonly #campaigner: Candidate;
  #choice: LeaderChoice | undefined;
  /** The feeder for which following has failed for good. */
  #hopeless: string | undefined;
  #scheduled = false;
  /** What it does now: its role, its term, its leader. */
  readonly stage: CurrentRole;

  constructor(parts: ReplicationParts) {
    this.#parts = parts;
    this.stage = new CurrentRole(parts);
    this.#campaigner = new Candidate(this.stage, (outcome) => {
      // To try again at once would fail again: wait for another choice.
      if (outcome === 'failed') this.#choice = undefined;
      this.adjust();
    });
  }

  get leader(): Leader | undefined {
    const { activity } = this.stage;
    return activity.type === 'leader' ? activity : undefined;
  }

  get follower(): Follower | undefined {
    const { activity } = this.stage;
    return activity.type === 'follower' ? activity : undefined;
  }

  followers(): ReplicaStatus[] {
    return this.leader?.replicas() ?? [];
  }

  async append(entries: readonly NewEntry[], options: AppendOptions): Promise<Appended> {
    if (this.#closing.signal.aborted) throw this.#closing.signal.reason;
    const leading = this.leader;
    if (leading !== undefined) return leading.append(entries, options);
    const { leader } = this.stage;
    const who = leader === undefined ? 'nobody is known to' : `${leader} does`;
    throw new NodeError('not-leader', `${this.#parts.name} does not feed: ${who}`);
  }

  /** Who is to feed, as was decided elsewhere. */
  choose(choice: LeaderChoice | undefined): void {
    this.#choice = choice;
    this.adjust();
  }

  /** Looks, when the lock is free, at what is to be done now. */
  adjust(): void {
    if (this.#scheduled || this.#closing.signal.aborted) return;
    this.#scheduled = true;
    void this.stage.lock.run(async () => {
      this.#scheduled = false;
      if (this.#closing.signal.aborted) return;
      try {
        await this.#adjust();
      } catch (error) {
        this.stage.fail(error);
      }
    });
  }

  async #adjust(): Promise<void> {
    const { name, peers, votes, voters } = this.#parts;
    const { activity } = this.stage;
    const feeder = peers.leader(name, voters);
    if (activity.type === 'leader') {
      const reason = this.#reasonToStepDown(activity, feeder);
      if (reason === undefined) return;
      await this.stage.change(IDLE, reason);
    }
    if (this.#mayLead(feeder)) return this.#campaign();
    if (activity.type === 'campaign') await this.stage.change(IDLE);
    if (feeder === undefined || feeder.metadata.term < votes.votedTerm) return;
    await this.#follow(feeder);
  }

  #reasonToStepDown(leading: Leader, feeder: Peer | undefined): NodeError | undefined {
    const { name, peers, voters } = this.#parts;
    const known = [this.stage.highestTerm, feeder?.metadata.term ?? 0n];
    const later = known.find((term) => term > leading.term);
    if (later !== undefined) {
      const text = `term ${formatTerm(later)} is known, and this was ${formatTerm(leading.term)}`;
      return new NodeError('fenced', text);
    }
    const choice = this.#choice;
    if (choice?.leader !== name) {
      return new NodeError('fenced', `${name} is no longer chosen to feed`);
    }
    // A voter that has promised a later term follows no more until this node leads in one as late.
    const promised = peers.votedTerm(voters);
    if (promised <= leading.term || nextTerm(choice.epoch, promised) === undefined) {
      return undefined;
    }
    this.stage.noteTerm(promised);
    return new NodeError('fenced', `a voter has promised term ${formatTerm(promised)}`);
  }

  /** Whether this node is chosen, and nobody of its epoch or a later one feeds or might. */
  #mayLead(feeder: Peer | undefined): boolean {
    const { name, voters } = this.#parts;
    const choice = this.#choice;
    if (choice?.leader !== name || !voters.includes(name)) return false;
    if (feeder !== undefined && epochOf(feeder.metadata.term) >= choice.epoch) return false;
    return nextTerm(choice.epoch, this.stage.highestTerm) !== undefined;
  }

  async #campaign(): Promise<void> {
    const { activity } = this.stage;
    const { epoch } = this.#choice!;
    if (activity.type === 'campaign' && activity.epoch === epoch) {
      // Whoever was to be caught up from is gone: another ballot finds another.
      const { catchingUp } = activity;
      const gone = catchingUp && this.#parts.peers.named(catchingUp.feeder) === undefined;
      if (gone) await catchingUp.stop();
      return;
    }
    const stop = new AbortController();
    const campaign: Campaign = { type: 'campaign', epoch, stop, catchingUp: undefined };
    await this.stage.change(campaign);
    void this.#campaigner.run(campaign);
  }

  async #follow(feeder: Peer): Promise<void> {
    const { activity } = this.stage;
    const { term } = feeder.metadata;
    const key = `${feeder.name} ${feeder.member.address} ${term}`;
    if (activity.type === 'follower') {
      if (activity.feeder === feeder.name && activity.term === term) return;
    } else if (this.#hopeless === key) return;
    await this.stage.change(IDLE);
    this.#hopeless = undefined;
    const following = this.stage.follow(feeder.name, term, SERVICES.log, false);
    following.finished.catch((error: unknown) => {
      void this.stage.lock.run(async () => {
        if (this.stage.activity !== following) return;
        this.#hopeless = key;
        await this.stage.change(IDLE);
        this.stage.fail(error);
        this.adjust();
      });
    });
    await this.stage.change(following);
  }

  /** A connection for the log of the feeder. */
  serveLog(connection: Connection): void {
    const leading = this.leader;
    if (leading !== undefined) leading.serve(connection);
    else connection.abort(new NodeError('not-leader', 'this node does not feed'));
  }

  /** A connection of the candidate to whom this node has given its promise. */
  serveSource(connection: Connection): void {
    const { activity } = this.stage;
    if (activity.type === 'voted') void activity.source.serve(connection);
    else connection.abort(new NodeError('not-leader', 'no promise has been given here'));
  }

  /** A connection of a candidate that asks for a promise. */
  serveVote(connection: Connection): void {
    const { stepTimeout = 30_000 } = this.#parts.options;
    const decide = (request: VoteRequest): Promise<VoteReply> => this.#promise(request);
    void serveVote(connection, decide, stepTimeout, this.#closing.signal);
  }

  async #promise({ term, label, candidate, voter }: VoteRequest): Promise<VoteReply> {
    const { name, votes, log, marks, events, options, voters, label: own } = this.#parts;
    if (label !== labelTag(own) || voter !== name) {
      throw new NodeError('protocol', `a promise of ${voter} is not to be had of ${name}`);
    }
    if (voters.length > 0 && !voters.includes(candidate)) {
      throw new NodeError('protocol', `${candidate} is no voter here`);
    }
    return this.stage.lock.run(async () => {
      if (this.#closing.signal.aborted) throw this.#closing.signal.reason;
      const reply = (granted: boolean): VoteReply => {
        const { votedTerm } = votes;
        return { type: 'reply', granted, votedTerm, position: marks.position, voter: name };
      };
      if (term <= votes.votedTerm) return reply(false);
      // In effect from here on: nothing of a lower term is taken any more.
      const raising = votes.raise(term);
      raising.catch(() => undefined);
      const text = `${candidate} was given the promise of term ${formatTerm(term)}`;
      await this.stage.change(IDLE, new NodeError('fenced', text));
      await raising;
      // The log is at rest, and stays so until a feeder of this term or a later one comes.
      const source = startFeeder({ log, label: own, term, ...feederTuning(options) });
      await this.stage.change({ type: 'voted', source });
      events.emit('voteGranted', { candidate, term });
      this.adjust();
      return reply(true);
    });
  }

  /** Ends everything. Never rejects. */
  async close(reason: NodeError): Promise<void> {
    this.#closing.abort(reason);
    const { activity } = this.stage;
    // A campaign would otherwise hold the lock for as long as it catches up.
    if (activity.type === 'campaign') activity.stop.abort(reason);
    await this.stage.lock.run(async () => this.stage.change(IDLE, reason));
  }
}
