import type { EntryKinds, LogStore } from '@shoal/syncup';
import type { Feeder } from '@shoal/syncup/driver';
import { type Connection, dialService, type StreamTransport } from '@shoal/transport';
import { higher } from './bigint.ts';
import { NodeError, toError } from './errors.ts';
import type { EventHub } from './event-hub.ts';
import { type Callbacks, Following } from './following.ts';
import type { Leading } from './leading.ts';
import { Lock } from './lock.ts';
import type { Role } from './node-metadata.ts';
import type { ReplicationOptions } from './options.ts';
import type { Peer, Peers } from './peers.ts';
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
export interface Campaign {
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

export type Activity = { readonly type: 'idle' } | Campaign | Promised | Following | Leading;

/** Doing nothing with the log. */
export const IDLE: Activity = { type: 'idle' };

/**
 * What this node does with the log: one thing at a time. Every change from one to another is made
 * under one lock, so that what was done before is over, and the log at rest, when the next thing
 * begins, or when a promise says where the log ends.
 */
export class Stage {
  readonly parts: ReplicationParts;
  readonly lock: Lock = new Lock();
  #activity: Activity = IDLE;
  /** The highest term that others are known to have promised. */
  #outdone = 0n;
  /** What the cluster was told last. */
  #published: string;

  constructor(parts: ReplicationParts) {
    this.parts = parts;
    this.#published = `member ${parts.guard.promised}`;
  }

  get activity(): Activity {
    return this.#activity;
  }

  /** No lower term than this can be led in: it was promised, here or elsewhere. */
  get promised(): bigint {
    return higher(this.parts.guard.promised, this.#outdone);
  }

  /** Others have promised this term. */
  outdo(term: bigint): void {
    this.#outdone = higher(term, this.#outdone);
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
    if (activity.type === 'leading') return this.parts.name;
    return activity.type === 'following' ? activity.feeder : undefined;
  }

  /** Ends what is done now, and begins with the next thing. Under the lock only. */
  async change(next: Activity, reason?: NodeError): Promise<void> {
    const activity = this.#activity;
    const { leader, term, role } = this;
    this.#activity = IDLE;
    await this.#stop(activity, reason);
    this.#activity = next;
    const { events } = this.parts;
    if (activity.type === 'leading') {
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
  publish(): void {
    const { role } = this;
    const term = role === 'member' ? this.parts.guard.promised : this.term;
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
  follow(feeder: string, term: bigint, service: string, exactly: boolean): Following {
    const dial = ({ signal }: { signal: AbortSignal }): Promise<Connection> =>
      this.dial(feeder, service, signal);
    return new Following({ ...this.parts, feeder, term, exactly, dial });
  }
}
