import { DeadlineTimer } from '@shoal/async';
import {
  type Configuration,
  Consensus,
  ConsensusError,
  type ConsensusOutput,
  type ConsensusReport,
  DEFAULT_TIMING,
  type ElectionMode,
  type Message,
} from '@shoal/consensus';
import type { ReplicaIntroduction } from '@shoal/syncup/driver';
import { NodeError } from '../errors.ts';
import { OutsideChoice } from '../leadership/outside-choice.ts';
import { namesOf } from '../log/mark-entry.ts';
import { PeerLinks } from '../messages/peer-links.ts';
import { LeaderRequests } from './leader-requests.ts';
import { LeaderSeeker } from './leader-seeker.ts';
import { LogDuties } from './log-duties.ts';
import { PublishedRole } from './published-role.ts';
import { RefusalReports } from './refusal-reports.ts';
import type { ReplicationParts } from './replication-parts.ts';
import { stepDownError } from './reports.ts';
import { VoteWriter } from './vote-writer.ts';

/** What a {@link ConsensusDriver} is given besides the parts. */
export interface ConsensusDriverOptions {
  /** The voters of a new cluster. */
  readonly founding: readonly string[] | undefined;
  readonly elections: ElectionMode;
  /** Makes a random id of 32 hexadecimal digits. */
  readonly newId: () => string;
}

/**
 * Drives the consensus machine of this node: hands it what happens, and does what it says with the
 * log, the vote and the connections to other nodes.
 */
export class ConsensusDriver {
  readonly core: Consensus;
  readonly role: PublishedRole;
  readonly duties: LogDuties;
  readonly links: PeerLinks;
  readonly choice: OutsideChoice;
  readonly requests: LeaderRequests = new LeaderRequests();
  /** When the leader was heard last, in ms. */
  leaderHeardAt: number | undefined;
  readonly #parts: ReplicationParts;
  readonly #options: ConsensusDriverOptions;
  readonly #votes: VoteWriter;
  readonly #refusals: RefusalReports;
  readonly #seeker: LeaderSeeker;
  readonly #closing = new AbortController();
  readonly #timer = new DeadlineTimer(() => this.input((now) => this.core.handleTimeout(now)));
  #isDraining = false;
  /** What the next rest is for. */
  #stepDown = new NodeError('fenced', 'the leadership has ended');
  /** The latest that this leader has told everybody. */
  #heartbeat: Message | undefined;

  constructor(parts: ReplicationParts, options: ConsensusDriverOptions) {
    this.#parts = parts;
    this.#options = options;
    const { name, votes, marks, random, events, members } = parts;
    this.core = new Consensus({
      name,
      storeId: votes.storeId,
      life: options.newId(),
      votedTerm: votes.term,
      log: marks.view(),
      founding: options.founding,
      elections: options.elections,
      timing: { ...DEFAULT_TIMING, ...parts.options.elections },
      random,
      now: performance.now(),
    });
    this.role = new PublishedRole({ events, members, votedTerm: votes.term });
    this.#votes = new VoteWriter({
      votes,
      onStored: (term) => this.input((now) => this.core.voteStored(term, now)),
      onFailure: (error) => this.#fail(error),
      signal: this.#closing.signal,
    });
    this.links = new PeerLinks({
      name,
      label: parts.label,
      peers: members.peers,
      dialer: parts.dialer,
      names: parts.names,
      random,
      onMessage: (from, message) => this.#receive(from, message),
      onConnected: (peer) => this.#greet(peer),
      onUnreachable: (peer, error, retryIn) => this.#noteUnreachable(peer, error, retryIn),
      onRefused: (address, error) => events.emit({ type: 'peerRefused', address, error }),
    });
    this.#seeker = new LeaderSeeker({
      ...{ name, members, random, links: this.links },
      wanted: () => (this.core.leader === undefined ? this.core.votedTerm : undefined),
    });
    this.#refusals = new RefusalReports(parts);
    this.choice = new OutsideChoice({ name, log: parts.log, founding: options.founding });
    this.duties = this.#makeDuties();
    members.onChange = () => this.#followMembers();
    this.drain();
  }

  /** Fires when this node closes. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** Whether this node is to lead if it can, by whoever decides that. */
  get isWanted(): boolean {
    return this.#options.elections !== 'chosen' || this.choice.isOwn;
  }

  /** Begins to take part. */
  start(): void {
    this.#seeker.start();
  }

  /** Ends everything. Never rejects. */
  async close(reason: NodeError): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(reason);
    this.#timer.disarm();
    this.#seeker.stop();
    this.requests.close(reason);
    this.links.close(reason);
    const { term, role } = this.role.state;
    await this.duties.stop(reason);
    if (role === 'leader') this.#parts.events.emit({ type: 'steppedDown', term, error: reason });
    this.role.set({ role: 'member', term: 0n, leader: undefined }, this.core.votedTerm);
    await this.#parts.delivery.close();
  }

  /** The choice of a leader has changed. */
  applyChoice(): void {
    if (this.#options.elections !== 'chosen') return;
    this.input((now) => this.core.choose(this.choice.terms, now));
  }

  #makeDuties(): LogDuties {
    const core = this.core;
    return new LogDuties({
      ...this.#parts,
      newId: this.#options.newId,
      admit: (replica) => this.#admit(replica),
      onRested: (view) => this.input((now) => core.rested(view, now)),
      onCopied: (view, options) => this.input((now) => core.copied(view, options, now)),
      onBegan: (view) => this.input((now) => core.began(view, now)),
      onMatched: (view) => this.input((now) => core.matched(view, now)),
      onAppended: (tail) => this.input((now) => core.appended(tail, now)),
      onSynced: (vlsn) => this.input((now) => core.synced(vlsn, now)),
      onProgress: (leader, term) => this.#hearStream(leader, term),
      onStreamLost: (leader) => this.input((now) => core.suspectLeader(leader, now)),
      onLogFailure: (error) => {
        this.#fail(error);
        this.#stepDown = error;
        this.input((now) => core.resign(now));
      },
      onFailure: (error) => this.#fail(error),
    });
  }

  /** Hands something to the machine, and does what it says. */
  input(input: (now: number) => void): void {
    if (this.#closing.signal.aborted) return;
    try {
      input(performance.now());
    } catch (cause) {
      // The machine refuses what contradicts its log: see `ConsensusError`.
      if (!(cause instanceof ConsensusError)) throw cause;
      this.#fail(new NodeError('replication', cause.message, { cause }));
    }
    this.drain();
  }

  /** Does what the machine says, and tells what has changed. */
  drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    for (let output = this.core.poll(); output; output = this.core.poll()) this.#do(output);
    this.#isDraining = false;
    const { deadline, leaderHeard } = this.core;
    this.leaderHeardAt = leaderHeard ?? this.leaderHeardAt;
    if (Number.isFinite(deadline)) this.#timer.arm(deadline);
    else this.#timer.disarm();
    this.#publish();
  }

  #do(output: ConsensusOutput): void {
    switch (output.type) {
      case 'send':
        return this.links.send(output.to, output.message);
      case 'broadcast':
        return this.#broadcast(output.message);
      case 'storeVote':
        return this.#votes.store(output.term);
      case 'rest':
        return this.duties.rest(this.#stepDown);
      case 'serve':
        return this.duties.serve(output);
      case 'copy':
        return this.duties.copy(output);
      case 'lead':
        return this.duties.lead(output);
      case 'follow':
        return this.duties.follow(output);
      case 'append':
        return this.duties.append(output);
      case 'commit':
        return this.#commit(output.index);
      case 'report':
        return this.#report(output.report);
    }
  }

  #commit(vlsn: bigint): void {
    const { log, marks } = this.#parts;
    log.noteDurable(vlsn);
    marks.settle();
    this.duties.leader?.committed(vlsn);
  }

  #report(report: ConsensusReport): void {
    const { events } = this.#parts;
    switch (report.type) {
      case 'campaign':
      case 'voteGranted':
      case 'voteReceived':
        return events.emit(report);
      case 'steppedDown': {
        const { term, reason } = report;
        const error = reason === 'resigned' ? this.#stepDown : stepDownError(term, reason);
        this.#stepDown = error;
        this.#heartbeat = undefined;
        this.requests.steppedDown();
        return events.emit({ type: 'steppedDown', term, error });
      }
      case 'configuration':
        return this.#onConfiguration(report.configuration);
      case 'votersChanged':
        return this.requests.endChange(report.error);
      case 'transferFailed':
        return this.requests.transferFailed(report.to);
      case 'leaderSilent':
        return;
      default:
        // A founder that is not chosen need not say why it does not lead.
        if ('name' in report || this.isWanted) this.#refusals.add(report);
    }
  }

  #onConfiguration(configuration: Configuration | undefined): void {
    if (configuration === undefined) return;
    this.#parts.events.emit({ type: 'voters', voters: namesOf(configuration) });
    // A node that was chosen before it was a voter may campaign now.
    if (this.#options.elections === 'chosen') queueMicrotask(() => this.applyChoice());
  }

  /** Tells all who vote, and all who have connected to this node. */
  #broadcast(message: Message): void {
    if (message.type === 'heartbeat') this.#heartbeat = message;
    const { name, members } = this.#parts;
    const to = new Set([...namesOf(this.core.configuration), ...(this.#options.founding ?? [])]);
    for (const peer of this.links.connected) if (members.peers.named(peer)) to.add(peer);
    to.delete(name);
    for (const peer of to) this.links.send(peer, message);
  }

  /** Another node has connected, to learn who leads. */
  #greet(peer: string): void {
    if (this.#heartbeat !== undefined) this.links.send(peer, this.#heartbeat);
  }

  #receive(from: string, message: Message): void {
    this.input((now) => this.core.receive(from, message, now));
  }

  /** A node that cannot talk to who leads says so: it looks like a healthy follower otherwise. */
  #noteUnreachable(peer: string, cause: Error, retryIn: number): void {
    const { events, members } = this.#parts;
    if (this.core.leader !== undefined || members.peers.named(peer)?.metadata.role !== 'leader')
      return;
    const text = `${peer} leads, but cannot be reached: ${cause.message}`;
    const error = cause instanceof NodeError ? cause : new NodeError('connection', text, { cause });
    events.emit({ type: 'disconnected', error, retryIn });
  }

  /** The stream of the leader says how far it has committed, ahead of its next heartbeat. */
  #hearStream(leader: string, term: bigint): void {
    if (this.core.votedTerm !== term) return;
    const commit = this.#parts.log.range.durable;
    const logId = this.#parts.marks.cluster?.logId;
    if (commit > this.core.commit) {
      this.#receive(leader, { type: 'heartbeat', term, commit, logId });
    }
  }

  /** Throws `untrusted`, and reports it, unless a replica may use the name that it gives. */
  #admit({ name, address, peer, vouch }: ReplicaIntroduction): void {
    const { names, members } = this.#parts;
    names.check(name, { peer, remoteAddress: address });
    if (members.peers.named(name) !== undefined) vouch();
  }

  #followMembers(): void {
    this.links.followMembers();
    const { leader, role } = this.role.state;
    const { peers } = this.#parts.members;
    if (role === 'follower' && leader !== undefined && peers.named(leader) === undefined) {
      this.input((now) => this.core.suspectLeader(leader, now));
    }
    this.#seeker.seek();
  }

  #publish(): void {
    const { votedTerm, leader } = this.core;
    if (this.duties.leader !== undefined && this.core.role === 'leader' && this.isWanted) {
      this.role.set({ role: 'leader', term: votedTerm, leader: this.#parts.name }, votedTerm);
    } else if (this.duties.follower !== undefined && this.core.role === 'follower') {
      this.role.set({ role: 'follower', term: votedTerm, leader }, votedTerm);
    } else {
      this.role.set({ role: 'member', term: 0n, leader: undefined }, votedTerm);
    }
  }

  #fail(error: NodeError): void {
    this.#parts.events.emit({ type: 'failed', error });
  }
}
