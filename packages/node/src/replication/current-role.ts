import { SerialQueue, toError } from '@shoal/async';
import type { ReplicaIntroduction } from '@shoal/syncup/driver';
import { higher } from '../bigint.ts';
import { NodeError } from '../errors.ts';
import type { Role } from '../members/node-metadata.ts';
import { formatTerm, isPlausible, termOf } from '../votes/term.ts';
import type { ReplicationParts } from './replication-parts.ts';

/** What a node does with the log at a time: lead, follow, stand for election, wait, or nothing. */
export interface RoleState {
  readonly role: Role;
  /** The term in which this node leads or follows; otherwise 0. */
  readonly term: bigint;
  /** The name of the leader, if this node leads or follows. */
  readonly leader: string | undefined;
  /** Resolves once the log is at rest; `reason` is what waiting appends get. Never rejects. */
  stop(reason: NodeError): Promise<void>;
}

/** This node does nothing with the log. */
export const IDLE: RoleState = {
  role: 'member',
  term: 0n,
  leader: undefined,
  stop: async () => {},
};

/**
 * The role of this node, which does one thing with the log at a time. All changes run one after
 * another in {@link queue}, so that the previous state has ended and the log is at rest when the
 * next state begins, or when a vote says where the log ends.
 */
export class CurrentRole {
  readonly parts: ReplicationParts;
  readonly queue: SerialQueue = new SerialQueue();
  #state: RoleState = IDLE;
  /** The highest term that is known from other nodes. */
  #seenTerm = 0n;
  /** The first term of the latest choice. */
  #chosenTerm = 0n;
  /** What the cluster was told last. */
  #published: string;

  constructor(parts: ReplicationParts) {
    this.parts = parts;
    this.#published = `member ${parts.votes.votedTerm}`;
  }

  get state(): RoleState {
    return this.#state;
  }

  /** The highest term that is known, here or elsewhere. A new leader needs a higher one. */
  get highestTerm(): bigint {
    return higher(this.parts.votes.votedTerm, this.#seenTerm);
  }

  /** Takes note of the epoch of a choice: its terms are plausible, however high they are. */
  noteChoice(epoch: bigint): void {
    this.#chosenTerm = higher(termOf(epoch, 0n), this.#chosenTerm);
  }

  /** Whether a term that a peer names may exist. */
  isPlausible(term: bigint): boolean {
    return isPlausible(term, higher(this.parts.votes.votedTerm, this.#chosenTerm));
  }

  /** Throws `impossible-term`, and reports it, if a term that a peer names cannot exist. */
  checkPlausible(term: bigint, name: string, address: string): void {
    if (this.isPlausible(term)) return;
    const text = `${name} at ${address} names term ${formatTerm(term)}, but no term is known`;
    const known = formatTerm(this.highestTerm);
    const error = new NodeError('impossible-term', `${text} above ${known}`);
    this.parts.events.emit({ type: 'peerRefused', address, error });
    throw error;
  }

  /**
   * Throws, and reports it, unless a peer may use the name that it gives, and names a term that may
   * exist.
   */
  admit({ name, address, peer, term, vouch }: ReplicaIntroduction): void {
    const { names, members } = this.parts;
    names.check(name, { peer, remoteAddress: address });
    this.checkPlausible(term, name, address);
    if (members.peers.named(name) !== undefined) vouch();
  }

  /** Takes note of a plausible term that another node knows. */
  noteTerm(term: bigint): void {
    if (!this.isPlausible(term)) return;
    this.#seenTerm = higher(term, this.#seenTerm);
  }

  /**
   * Ends the current state for this reason, and begins the next one. Call it within
   * {@link queue} only.
   */
  async change(
    next: RoleState,
    reason: NodeError = new NodeError('fenced', 'the leadership has ended'),
  ): Promise<void> {
    const before = this.#state;
    this.#state = IDLE;
    await before.stop(reason);
    this.#state = next;
    const { events } = this.parts;
    if (before.role === 'leader') {
      events.emit({ type: 'steppedDown', term: before.term, error: reason });
    }
    this.publish();
    const { role, term, leader } = next;
    if (before.role !== role || before.term !== term) events.emit({ type: 'role', role, term });
    if (before.leader !== leader || before.term !== term) {
      events.emit({ type: 'leader', leader, term });
    }
  }

  /** Tells the cluster the role and its term; for a `member`, the term of its last vote. */
  publish(): void {
    const { votes, members } = this.parts;
    const { role } = this.#state;
    const term = role === 'member' ? votes.votedTerm : this.#state.term;
    const text = `${role} ${term}`;
    if (text === this.#published) return;
    this.#published = text;
    members.setRole(role, term);
  }

  /** Reports that replication has stopped. */
  fail(cause: unknown): void {
    const error =
      cause instanceof NodeError
        ? cause
        : new NodeError('replication', toError(cause).message, { cause });
    this.parts.events.emit({ type: 'failed', error });
  }
}
