import { type EntryKinds, type LogStore, type NewEntry, SyncupError } from '@shoal/syncup';
import { type Feeder, type ReplicaStatus, startFeeder } from '@shoal/syncup/driver';
import { type Connection, dialService, type StreamTransport } from '@shoal/transport';
import { labelTag } from '@shoal/wire';
import { higher } from './bigint.ts';
import { collectPromises, furthest } from './campaign.ts';
import { NodeError, toError } from './errors.ts';
import type { EventHub } from './event-hub.ts';
import { type Callbacks, Following } from './following.ts';
import type { LeaderChoice } from './leadership.ts';
import { feederTuning, Leading } from './leading.ts';
import { Lock, sleep } from './lock.ts';
import type { Role } from './node-metadata.ts';
import type { Appended, AppendOptions, ReplicationOptions } from './options.ts';
import type { Peer, Peers } from './peers.ts';
import { isAhead, type PromiseReply, type PromiseRequest } from './promise-message.ts';
import { askForPromise, SERVICES, servePromise } from './promise-service.ts';
import { epochOf, formatTerm, nextTerm } from './term.ts';
import type { TermMarks } from './term-marks.ts';
import type { TermGuard } from './term-store.ts';

/** What a {@link Replication} works with. */
export interface ReplicationParts {
  readonly name: string;
  readonly label: string;
  readonly voters: readonly string[];
  readonly log: LogStore;
  readonly kinds: EntryKinds;
  readonly marks: TermMarks;
  readonly guard: TermGuard;
  readonly peers: Peers;
  readonly streams: StreamTransport;
  /** Where a peer is dialled. */
  readonly addressOf: (peer: Peer) => string | undefined;
  readonly callbacks: Callbacks;
  readonly options: ReplicationOptions;
  readonly events: EventHub;
  readonly random: () => number;
  /** Tells the cluster. */
  readonly publish: (role: Role, term: bigint) => void;
}

/** This node was chosen and is on its way to feed. */
interface Campaign {
  readonly type: 'campaign';
  readonly epoch: bigint;
  readonly stop: AbortController;
  /** Set while it catches up from the voter that is ahead. */
  catchingUp: Following | undefined;
}

/** This node has given its promise, and waits for the candidate to feed. */
interface Promised {
  readonly type: 'promised';
  /** Serves the candidate, should this log be ahead. */
  readonly source: Feeder;
}

type Activity = { readonly type: 'idle' } | Campaign | Promised | Following | Leading;

/** Between two ballots of one campaign, on average, in ms. */
const RETRY = 100;

const IDLE: Activity = { type: 'idle' };

/**
 * What this node does with the log, of which it does one thing at a time. Every change from one
 * to another goes through one lock: what was done before is over, and the log at rest, when the
 * next thing begins, or when a promise says where the log ends.
 */
export class Replication {
  readonly #parts: ReplicationParts;
  readonly #lock = new Lock();
  readonly #closing = new AbortController();
  #activity: Activity = IDLE;
  #choice: LeaderChoice | undefined;
  /** The highest term that others are known to have promised. */
  #outdone = 0n;
  /** The feeder for which following has failed for good. */
  #hopeless: string | undefined;
  #scheduled = false;
  /** What the cluster was told last. */
  #published: string;

  constructor(parts: ReplicationParts) {
    this.#parts = parts;
    this.#published = `member ${parts.guard.promised}`;
  }

  get role(): Role {
    const { type } = this.#activity;
    return type === 'leading' ? 'feeder' : type === 'following' ? 'replica' : 'member';
  }

  /** The term in which this node feeds or follows; 0 else. */
  get term(): bigint {
    const activity = this.#activity;
    return activity.type === 'leading' || activity.type === 'following' ? activity.term : 0n;
  }

  /** The name of the feeder, if there is one for this node. */
  get leader(): string | undefined {
    const activity = this.#activity;
    if (activity.type === 'leading') return this.#parts.name;
    return activity.type === 'following' ? activity.feeder : undefined;
  }

  get leading(): Leading | undefined {
    return this.#activity.type === 'leading' ? this.#activity : undefined;
  }

  get following(): Following | undefined {
    return this.#activity.type === 'following' ? this.#activity : undefined;
  }

  replicas(): ReplicaStatus[] {
    return this.leading?.replicas() ?? [];
  }

  async append(entries: readonly NewEntry[], options: AppendOptions): Promise<Appended> {
    if (this.#closing.signal.aborted) throw this.#closing.signal.reason;
    const { leading } = this;
    if (leading !== undefined) return leading.append(entries, options);
    const { leader } = this;
    const who = leader === undefined ? 'nobody is known to' : `${leader} does`;
    throw new NodeError('not-feeder', `${this.#parts.name} does not feed: ${who}`);
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
    void this.#lock.run(async () => {
      this.#scheduled = false;
      if (this.#closing.signal.aborted) return;
      try {
        await this.#adjust();
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  async #adjust(): Promise<void> {
    const { name, peers, guard } = this.#parts;
    const feeder = peers.feeder(name);
    const activity = this.#activity;
    if (activity.type === 'leading') {
      const reason = this.#reasonToStepDown(activity, feeder);
      if (reason === undefined) return;
      await this.#change(IDLE, reason);
    }
    if (this.#mayLead(feeder)) {
      const { epoch } = this.#choice!;
      if (activity.type === 'campaign' && activity.epoch === epoch) {
        // Whoever was to be caught up from is gone: another ballot finds another.
        const { catchingUp } = activity;
        if (catchingUp && peers.named(catchingUp.feeder) === undefined) await catchingUp.stop();
        return;
      }
      const campaign: Campaign = {
        type: 'campaign',
        epoch,
        stop: new AbortController(),
        catchingUp: undefined,
      };
      await this.#change(campaign);
      void this.#run(campaign);
      return;
    }
    if (activity.type === 'campaign') await this.#change(IDLE);
    if (feeder === undefined || feeder.metadata.term < guard.promised) return;
    await this.#follow(feeder);
  }

  #reasonToStepDown(leading: Leading, feeder: Peer | undefined): NodeError | undefined {
    const { name, guard, peers, voters } = this.#parts;
    const known = [guard.promised, this.#outdone, feeder?.metadata.term ?? 0n];
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
    const promised = peers.promised(voters);
    if (promised <= leading.term || nextTerm(choice.epoch, promised) === undefined) {
      return undefined;
    }
    this.#outdone = this.#highest(promised);
    return new NodeError('fenced', `a voter has promised term ${formatTerm(promised)}`);
  }

  /** Whether this node is chosen, and nobody of its epoch or a later one feeds or might. */
  #mayLead(feeder: Peer | undefined): boolean {
    const { name, voters, guard } = this.#parts;
    const choice = this.#choice;
    if (choice?.leader !== name || !voters.includes(name)) return false;
    if (feeder !== undefined && epochOf(feeder.metadata.term) >= choice.epoch) return false;
    return nextTerm(choice.epoch, this.#highest(guard.promised)) !== undefined;
  }

  #highest(term: bigint): bigint {
    return higher(term, this.#outdone);
  }

  async #follow(feeder: Peer): Promise<void> {
    const { events, log, marks, guard, name, label, callbacks, options, random } = this.#parts;
    const { term } = feeder.metadata;
    const activity = this.#activity;
    const key = `${feeder.name} ${feeder.member.address} ${term}`;
    if (activity.type === 'following') {
      if (activity.feeder === feeder.name && activity.term === term) return;
    } else if (this.#hopeless === key) return;
    await this.#change(IDLE);
    this.#hopeless = undefined;
    const following = new Following({
      log,
      marks,
      guard,
      name,
      label,
      term,
      feeder: feeder.name,
      exactly: false,
      dial: ({ signal }) => this.#dial(feeder.name, SERVICES.log, signal),
      callbacks,
      options,
      events,
      random,
    });
    following.finished.catch((error: unknown) => {
      void this.#lock.run(async () => {
        if (this.#activity !== following) return;
        this.#hopeless = key;
        await this.#change(IDLE);
        this.#fail(error);
        this.adjust();
      });
    });
    await this.#change(following);
  }

  async #dial(name: string, service: string, signal: AbortSignal): Promise<Connection> {
    const { peers, addressOf, streams } = this.#parts;
    const peer = peers.named(name);
    const address = peer && addressOf(peer);
    if (address === undefined) throw new NodeError('protocol', `${name} cannot be dialled`);
    return dialService(streams, address, service, { signal });
  }

  /** Ends what is done now, and begins with the next thing. Under the lock only. */
  async #change(next: Activity, reason?: NodeError): Promise<void> {
    const activity = this.#activity;
    const { leader, term, role } = this;
    this.#activity = IDLE;
    await this.#stop(activity, reason);
    this.#activity = next;
    const { events } = this.#parts;
    if (activity.type === 'leading') {
      const error = reason ?? new NodeError('fenced', 'the leadership is over');
      events.emit('steppedDown', { term: activity.term, error });
    }
    this.#publish();
    if (this.role !== role || this.term !== term) {
      events.emit('role', { role: this.role, term: this.term });
    }
    if (this.leader !== leader || this.term !== term) {
      events.emit('leader', { leader: this.leader, term: this.term });
    }
  }

  async #stop(activity: Activity, reason?: NodeError): Promise<void> {
    switch (activity.type) {
      case 'leading':
        return activity.stop(reason ?? new NodeError('fenced', 'the leadership is over'));
      case 'following':
        return activity.stop();
      case 'promised':
        return activity.source.close();
      case 'campaign':
        activity.stop.abort(new NodeError('fenced', 'the campaign is over'));
        return activity.catchingUp?.stop();
      default:
    }
  }

  /** Tells the cluster what this node does, and a node that does nothing, what it has promised. */
  #publish(): void {
    const { role } = this;
    const term = role === 'member' ? this.#parts.guard.promised : this.term;
    const text = `${role} ${term}`;
    if (text === this.#published) return;
    this.#published = text;
    this.#parts.publish(role, term);
  }

  #fail(cause: unknown): void {
    const error =
      cause instanceof NodeError
        ? cause
        : new NodeError('replication', toError(cause).message, { cause });
    this.#parts.events.emit('failed', { error });
  }

  /** From being chosen to feeding. Never rejects. */
  async #run(campaign: Campaign): Promise<void> {
    const { signal } = campaign.stop;
    try {
      while (!signal.aborted) {
        if (await this.#attempt(campaign)) return;
        // Two that were chosen at once must not outdo each other for ever.
        await sleep(RETRY * (0.5 + this.#parts.random()), signal);
      }
    } catch (error) {
      if (signal.aborted) return;
      await this.#lock.run(async () => {
        if (this.#activity !== campaign) return;
        await this.#change(IDLE);
        this.#choice = undefined;
        this.#fail(error);
        this.adjust();
      });
    }
  }

  /** One ballot, in one term. True when the campaign is over. */
  async #attempt(campaign: Campaign): Promise<boolean> {
    const { guard, events, peers, random, name, voters, marks } = this.#parts;
    const { signal } = campaign.stop;
    const term = await this.#lock.run(async () => {
      const next = nextTerm(campaign.epoch, this.#highest(guard.promised));
      if (signal.aborted || next === undefined) return undefined;
      await guard.raise(next);
      this.#publish();
      return next;
    });
    if (term === undefined) {
      // Somebody else is ahead: wait until another choice is made.
      await this.#lock.run(async () => {
        if (this.#activity === campaign) await this.#change(IDLE);
      });
      this.adjust();
      return true;
    }
    events.emit('campaign', { term });
    const others = voters.filter((voter) => voter !== name);
    const needed = Math.floor(voters.length / 2);
    const ask = (voter: string, stop: AbortSignal): Promise<PromiseReply> =>
      this.#ask(voter, term, stop);
    const parts = { term, others, needed, peers, events, random, ask };
    const ballot = await collectPromises(parts, signal);
    if (ballot.type === 'refused') {
      this.#outdone = this.#highest(ballot.promised);
      return false;
    }
    const source = furthest(ballot.positions, marks.position);
    if (source !== undefined) {
      if (source.position.term >= term) {
        throw new NodeError('protocol', `${source.name} holds entries of a term not yet led in`);
      }
      await this.#catchUp(campaign, term, source.name, source.position.last);
      if (isAhead(source.position, marks.position)) return false;
    }
    return this.#lead(campaign, term);
  }

  async #ask(voter: string, term: bigint, signal: AbortSignal): Promise<PromiseReply> {
    const { peers, addressOf, streams, label, name: candidate, options } = this.#parts;
    const peer = peers.named(voter);
    const address = peer && addressOf(peer);
    if (address === undefined) throw new NodeError('protocol', `${voter} cannot be dialled`);
    const request: PromiseRequest = {
      type: 'request',
      label: labelTag(label),
      term,
      candidate,
      voter,
    };
    return askForPromise(streams, address, request, options.stepTimeout ?? 30_000, signal);
  }

  /** Takes over what a voter holds that is ahead; it stands still for this node. */
  async #catchUp(campaign: Campaign, term: bigint, source: string, last: bigint): Promise<void> {
    const { log, marks, guard, name, label, callbacks, options, events, random } = this.#parts;
    const { signal } = campaign.stop;
    const following = await this.#lock.run(async () => {
      if (signal.aborted) throw signal.reason;
      campaign.catchingUp = new Following({
        log,
        marks,
        guard,
        name,
        label,
        term,
        feeder: source,
        exactly: true,
        dial: (dialling) => this.#dial(source, SERVICES.source, dialling.signal),
        callbacks,
        options,
        events,
        random,
      });
      return campaign.catchingUp;
    });
    try {
      await following.applied(last, { signal });
    } catch (error) {
      const stopped = error instanceof SyncupError && error.code === 'closed';
      if (!stopped || signal.aborted) throw error;
    } finally {
      await this.#lock.run(async () => {
        campaign.catchingUp = undefined;
        await following.stop();
      });
    }
  }

  /** Begins to feed, if nothing has come in between. True when the campaign is over. */
  async #lead(campaign: Campaign, term: bigint): Promise<boolean> {
    const { guard } = this.#parts;
    return this.#lock.run(async () => {
      if (campaign.stop.signal.aborted || guard.promised !== term) return true;
      await this.#cutUnfinished();
      const { log, marks, kinds, label, voters, name, options } = this.#parts;
      const leading = await Leading.begin({
        log,
        marks,
        kinds,
        term,
        label,
        voters,
        name,
        options,
        onStale: (known) => {
          this.#outdone = this.#highest(known);
          this.adjust();
        },
        onFailure: (error) => {
          this.#choice = undefined;
          this.#fail(error);
          this.adjust();
        },
      });
      await this.#change(leading);
      return true;
    });
  }

  /** A batch that was not received whole was never acknowledged: it is undone. */
  async #cutUnfinished(): Promise<void> {
    const { log, marks, callbacks, events, name } = this.#parts;
    const { first, last, lastSync } = log.range;
    if (last === lastSync || (lastSync === 0n && first > 1n)) return;
    const discarded = await log.rollback(lastSync, 'a batch without its end');
    await marks.rolledBack(lastSync);
    const rollback = { matchpoint: lastSync, discarded, transactions: 0, feeder: name };
    await callbacks.onRollback?.(rollback);
    events.emit('rollback', rollback);
  }

  /** A connection for the log of the feeder. */
  serveLog(connection: Connection): void {
    const { leading } = this;
    if (leading !== undefined) leading.serve(connection);
    else connection.abort(new NodeError('not-feeder', 'this node does not feed'));
  }

  /** A connection of the candidate to whom this node has given its promise. */
  serveSource(connection: Connection): void {
    const activity = this.#activity;
    if (activity.type === 'promised') void activity.source.serve(connection);
    else connection.abort(new NodeError('not-feeder', 'no promise has been given here'));
  }

  /** A connection of a candidate that asks for a promise. */
  servePromise(connection: Connection): void {
    const { stepTimeout = 30_000 } = this.#parts.options;
    const decide = (request: PromiseRequest): Promise<PromiseReply> => this.#promise(request);
    void servePromise(connection, decide, stepTimeout, this.#closing.signal);
  }

  async #promise({ term, label, candidate, voter }: PromiseRequest): Promise<PromiseReply> {
    const { name, guard, log, marks, events, options, label: own } = this.#parts;
    if (label !== labelTag(own) || voter !== name) {
      throw new NodeError('protocol', `a promise of ${voter} is not to be had of ${name}`);
    }
    return this.#lock.run(async () => {
      if (this.#closing.signal.aborted) throw this.#closing.signal.reason;
      const reply = (granted: boolean): PromiseReply => {
        const { promised } = guard;
        return { type: 'reply', granted, promised, position: marks.position, voter: name };
      };
      if (term <= guard.promised) return reply(false);
      // In effect from here on: nothing of a lower term is taken any more.
      const raising = guard.raise(term);
      raising.catch(() => undefined);
      const text = `${candidate} was given the promise of term ${formatTerm(term)}`;
      await this.#change(IDLE, new NodeError('fenced', text));
      await raising;
      // The log is at rest, and stays so until a feeder of this term or a later one comes.
      const source = startFeeder({ log, label: own, term, ...feederTuning(options) });
      await this.#change({ type: 'promised', source });
      events.emit('promised', { candidate, term });
      this.adjust();
      return reply(true);
    });
  }

  /** Ends everything. Never rejects. */
  async close(reason: NodeError): Promise<void> {
    this.#closing.abort(reason);
    const activity = this.#activity;
    // A campaign would otherwise hold the lock for as long as it catches up.
    if (activity.type === 'campaign') activity.stop.abort(reason);
    await this.#lock.run(async () => this.#change(IDLE, reason));
  }
}
