import type { EntryKinds, LogStore } from '@shoal/syncup';
import type { Feeder } from '@shoal/syncup/driver';
import { type Connection, dialService, type StreamTransport } from '@shoal/transport';
import { higher } from '../bigint.ts';
import { NodeError, toError } from '../errors.ts';
import type { EventHub } from '../event-hub.ts';
import { Lock } from '../lock.ts';
import type { Role } from '../members/node-metadata.ts';
import type { Peer, Peers } from '../members/peers.ts';
import type { ReplicationOptions } from '../options.ts';
import type { VoteRecord } from '../votes/vote-store.ts';
import { type Callbacks, Follower } from './follower.ts';
import type { Leader } from './leader.ts';
import type { TermMarks } from './term-marks.ts';

/** What a {@link Replication} works with. */
export interface ReplicationParts {
  readonly name: string;
  readonly label: string;
  readonly voters: readonly string[];
  readonly log: LogStore;
  readonly kinds: EntryKinds;
  readonly marks: TermMarks;
  readonly votes: VoteRecord;
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
export interface Campaign {
  readonly type: 'campaign';
  readonly epoch: bigint;
  readonly stop: AbortController;
  /** Set while it catches up from the voter that is ahead. */
  catchingUp: Follower | undefined;
}

/** This node has given its promise, and waits for the candidate to feed. */
interface Voted {
  readonly type: 'voted';
  /** Serves the candidate, should this log be ahead. */
  readonly source: Feeder;
}

export type Activity = { readonly type: 'idle' } | Campaign | Voted | Follower | Leader;

/** Doing nothing with the log. */
export const IDLE: Activity = { type: 'idle' };

/**
 * What this node does with the log: one thing at a time. Every change from one to another is made
 * under one lock, so that what was done before is over, and the log at rest, when the next thing
 * begins, or when a promise says where the log ends.
 */
export class CurrentRole {
  readonly parts: ReplicationParts;
  readonly lock: Lock = new Lock();
  #activity: Activity = IDLE;
  /** The highest term that others are known to have promised. */
  #highestSeen = 0n;
  /** What the cluster was told last. */
  #published: string;

  constructor(parts: ReplicationParts) {
    this.parts = parts;
    this.#published = `member ${parts.votes.votedTerm}`;
  }

  get activity(): Activity {
    return this.#activity;
  }

  /** No lower term than this can be led in: it was promised, here or elsewhere. */
  get highestTerm(): bigint {
    return higher(this.parts.votes.votedTerm, this.#highestSeen);
  }

  /** Others have promised this term. */
  noteTerm(term: bigint): void {
    this.#highestSeen = higher(term, this.#highestSeen);
  }

  get role(): Role {
    const { type } = this.#activity;
    return type === 'leader' ? 'leader' : type === 'follower' ? 'follower' : 'member';
  }

  /** The term in which this node feeds or follows; 0 else. */
  get term(): bigint {
    const activity = this.#activity;
    return activity.type === 'leader' || activity.type === 'follower' ? activity.term : 0n;
  }

  /** The name of the feeder, if there is one for this node. */
  get leader(): string | undefined {
    const activity = this.#activity;
    if (activity.type === 'leader') return this.parts.name;
    return activity.type === 'follower' ? activity.feeder : undefined;
  }

  /** Ends what is done now, and begins with the next thing. Under the lock only. */
  async change(next: Activity, reason?: NodeError): Promise<void> {
    const activity = this.#activity;
    const { leader, term, role } = this;
    this.#activity = IDLE;
    await this.#stop(activity, reason);
    this.#activity = next;
    const { events } = this.parts;
    if (activity.type === 'leader') {
      const error = reason ?? new NodeError('fenced', 'the leadership is over');
      events.emit('steppedDown', { term: activity.term, error });
    }
    this.publish();
    if (this.role !== role || this.term !== term) {
      events.emit('role', { role: this.role, term: this.term });
    }
    if (this.leader !== leader || this.term !== term) {
      events.emit('leader', { leader: this.leader, term: this.term });
    }
  }

  async #stop(activity: Activity, reason?: NodeError): Promise<void> {
    switch (activity.type) {
      case 'leader':
        return activity.stop(reason ?? new NodeError('fenced', 'the leadership is over'));
      case 'follower':
        return activity.stop();
      case 'voted':
        return activity.source.close();
      case 'campaign':
        activity.stop.abort(new NodeError('fenced', 'the campaign is over'));
        return activity.catchingUp?.stop();
      default:
    }
  }

  /** Tells the cluster what this node does, and a node that does nothing, what it has promised. */
  publish(): void {
    const { role } = this;
    const term = role === 'member' ? this.parts.votes.votedTerm : this.term;
    const text = `${role} ${term}`;
    if (text === this.#published) return;
    this.#published = text;
    this.parts.publish(role, term);
  }

  /** Reports that replication stands still. */
  fail(cause: unknown): void {
    const error =
      cause instanceof NodeError
        ? cause
        : new NodeError('replication', toError(cause).message, { cause });
    this.parts.events.emit('failed', { error });
  }

  async dial(name: string, service: string, signal: AbortSignal): Promise<Connection> {
    const { peers, addressOf, streams } = this.parts;
    const peer = peers.named(name);
    const address = peer && addressOf(peer);
    if (address === undefined) throw new NodeError('protocol', `${name} cannot be dialled`);
    return dialService(streams, address, service, { signal });
  }

  /** Begins to take over the log of a feeder, or of a voter that has promised this very term. */
  follow(feeder: string, term: bigint, service: string, exactly: boolean): Follower {
    const dial = ({ signal }: { signal: AbortSignal }): Promise<Connection> =>
      this.dial(feeder, service, signal);
    return new Follower({ ...this.parts, feeder, term, exactly, dial });
  }
}
