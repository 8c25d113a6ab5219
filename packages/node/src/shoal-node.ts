import {
  type Emitter,
  type EventOfType,
  type EventSource,
  type EventStream,
  type EventsOptions,
  type ListenOptions,
  onAbort,
  toError,
} from '@shoal/async';
import type { DriverStats, Membership } from '@shoal/membership/driver';
import type { LogStore, NewEntry } from '@shoal/syncup';
import type { Lag, ReplicaStatus } from '@shoal/syncup/driver';
import { formatAddress, parseAddress } from '@shoal/transport';
import type { NodeIdentity } from '@shoal/wire';
import { bigintsAsText } from './bigint.ts';
import { NodeError } from './errors.ts';
import type { NodeEvent } from './events.ts';
import type { Members, NodeAddresses } from './members/members.ts';
import type { NodeMember } from './members/node-member.ts';
import type { Role } from './members/node-metadata.ts';
import type {
  AppendOptions,
  AppendResult,
  ChangeVotersOptions,
  DatagramEncryption,
  TransferOptions,
  VoterChange,
} from './options.ts';
import type { Replication } from './replication/replication.ts';

/**
 * What a node is doing, in numbers. VLSNs and terms are bigints; `JSON.stringify` writes them as
 * text.
 */
export interface NodeStats {
  readonly membership: DriverStats;
  readonly role: Role;
  /** The term in which this node leads or follows; otherwise 0. */
  readonly term: bigint;
  /** The highest term in which this node has voted. */
  readonly votedTerm: bigint;
  /** How many entries wait for acknowledgements. Leader only, otherwise 0. */
  readonly pendingEntries: number;
  /** The nodes that follow this one. Leader only, otherwise empty. */
  readonly followers: readonly ReplicaStatus[];
  /** How far this node is behind its leader; undefined while it has no stream from one. */
  readonly lag: Lag | undefined;
  /** How long ago the leader was heard last, in ms; undefined: never, or this node leads. */
  readonly leaderSilentFor: number | undefined;
  /** Everything up to this VLSN is committed, as far as this node knows. */
  readonly committed: bigint;
}

/** How long another voter may take to take over from a leader that leaves, in ms. */
const HAND_OVER_TIMEOUT = 2000;

/** The parts of a {@link ShoalNode}. */
export interface NodeParts {
  readonly name: string;
  readonly members: Members;
  readonly encryption: DatagramEncryption | undefined;
  readonly log: LogStore | undefined;
  readonly votedTerm: () => bigint;
  readonly replication: Replication | undefined;
  readonly events: Emitter<NodeEvent>;
  /** Fires when the node leaves or closes. */
  readonly stopping: AbortController;
  /** Resolves once the leadership has been given up. */
  readonly released: Promise<void>;
  /** Closes the node when it fires. */
  readonly signal: AbortSignal | undefined;
  /** Closes everything else, last of all. */
  readonly dispose: () => Promise<void>;
}

/**
 * A member of a cluster, which may lead or follow a replicated log. Made by {@link createNode} or
 * {@link startNode}. `await using` leaves the cluster and closes it.
 */
export class ShoalNode implements EventSource<NodeEvent>, AsyncDisposable {
  readonly name: string;
  /** The membership, for everything that the node does not do itself. Do not close it. */
  readonly membership: Membership<NodeIdentity>;
  /**
   * The encryption of datagrams: its `mode` can be changed, and its `stats()` count what was refused
   * and why. Undefined without a keyring.
   */
  readonly encryption: DatagramEncryption | undefined;
  /** The log, for reading, trimming and its archives. Do not append to it or roll it back. */
  readonly log: LogStore | undefined;
  readonly #parts: NodeParts;
  readonly #cancelAbort: () => void;
  #closing: Promise<void> | undefined;

  /** @internal Use {@link createNode} or {@link startNode}. */
  constructor(parts: NodeParts) {
    this.#parts = parts;
    this.name = parts.name;
    this.membership = parts.members.membership;
    this.encryption = parts.encryption;
    this.log = parts.log;
    this.#cancelAbort = onAbort(parts.signal, () => void this.close());
  }

  /** The address at which others reach this node. */
  get address(): string {
    return this.membership.identity.address;
  }

  /** `leader` while this node leads, `follower` while it follows, otherwise `member`. */
  get role(): Role {
    return this.#parts.replication?.state.role ?? 'member';
  }

  /** The term in which this node leads or follows, otherwise 0. See {@link formatTerm}. */
  get term(): bigint {
    return this.#parts.replication?.state.term ?? 0n;
  }

  /** The name of the leader, which may be this node. Undefined while none is known. */
  get leader(): string | undefined {
    return this.#parts.replication?.state.leader;
  }

  /** The names of the nodes that vote, by the log of this node. */
  get voters(): readonly string[] {
    return this.#parts.replication?.voters ?? [];
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** The other active members right now. Of nodes that share a name, the one that started last. */
  members(): NodeMember[] {
    return this.#parts.members.peers.visible();
  }

  stats(): NodeStats {
    const { replication, votedTerm } = this.#parts;
    const stats: NodeStats = {
      membership: this.membership.stats(),
      role: this.role,
      term: this.term,
      votedTerm: votedTerm(),
      pendingEntries: replication?.pending ?? 0,
      followers: replication?.followers() ?? [],
      lag: replication?.lag,
      leaderSilentFor: replication?.leaderSilentFor,
      committed: replication?.committed ?? 0n,
    };
    return Object.defineProperty(stats, 'toJSON', { value: () => bigintsAsText(stats) });
  }

  /**
   * Appends a batch to the log. Resolves once the batch is on the stable storage of a majority of
   * voters, or of as many as `acks` says, this node included: no later change of leader loses it.
   * The batch is kept as a whole or not at all. Its last entry, and no other, must be a commit or
   * another sync point.
   *
   * Rejects with a {@link NodeError}. Nothing was appended: `argument`, `not-leader`, `overload`, `full`.
   * The entries may or may not survive: `fenced`, `timeout`, `log`, `closed`, or the signal's
   * reason.
   */
  async append(entries: readonly NewEntry[], options: AppendOptions = {}): Promise<AppendResult> {
    return this.#leading().append(entries, options);
  }

  /**
   * Makes nodes voters, or takes the vote from them, one at a time. Resolves once all of it is
   * committed. A new voter must be a member with a log; it votes once it has caught up.
   *
   * Rejects with a {@link NodeError}: `argument`, `not-leader` or `busy`, and nothing has changed;
   * `timeout`, `fenced`, `closed` or the signal's reason, and a part of it may have.
   */
  async changeVoters(change: VoterChange, options: ChangeVotersOptions = {}): Promise<void> {
    await this.#leading().changeVoters(change, options);
  }

  /**
   * Hands the leadership to another voter, by default to the one that holds most of the log. Resolves
   * once this node has stepped down. Until then, it refuses appends with `not-leader`.
   *
   * Rejects with a {@link NodeError}, and this node goes on to lead: `argument`, `not-leader`, `busy`
   * or `timeout`; or with `closed` or the signal's reason.
   */
  async transferLeadership(to?: string, options: TransferOptions = {}): Promise<void> {
    await this.#leading().transferLeadership(to, options);
  }

  /**
   * Resolves once this node is part of a cluster. Rejects with the signal's reason, or with a
   * `SwimError` once that can no longer happen.
   */
  active(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    return this.membership.active(options);
  }

  /**
   * Resolves once `holds()` returns true. Calls it now and after each event. Rejects with the
   * signal's reason, or with `closed`.
   */
  async until(
    holds: () => boolean,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    const { signal } = options;
    signal?.throwIfAborted();
    if (holds()) return;
    const events = this.events({ capacity: Number.MAX_SAFE_INTEGER, signal });
    for await (const _event of events) if (holds()) return;
    throw new NodeError('closed', `the node ${this.name} is closed`);
  }

  on<Type extends NodeEvent['type']>(
    type: Type,
    listener: (event: EventOfType<NodeEvent, Type>) => void,
    options?: ListenOptions,
  ): () => void {
    return this.#parts.events.on(type, listener, options);
  }

  /** Calls `listener` for every event, before the listeners of its type. Otherwise as {@link on}. */
  onAny(listener: (event: NodeEvent) => void, options?: ListenOptions): () => void {
    return this.#parts.events.onAny(listener, options);
  }

  /** A reader that falls too far behind gets a {@link NodeError} with code `overflow`. */
  events(options?: EventsOptions): EventStream<NodeEvent> {
    return this.#parts.events.events(options);
  }

  /** Changes what the application says about this node, 0..128 bytes. Throws `argument`. */
  setMetadata(application: Uint8Array): void {
    this.#parts.members.setApplication(application);
  }

  /**
   * Tells the cluster that others reach this node at another address from now on, as after a laptop
   * has changed networks. They see `memberUpdated`. The sockets stay bound as they are: bind to a
   * wildcard such as `0.0.0.0` where addresses change. Its streams, such as those of its followers,
   * continue for as long as the network carries them.
   *
   * Throws `argument`, with nothing changed, if an address is not valid, or is that of an active
   * member; `closed` once this node has left or was closed.
   */
  readdress(addresses: NodeAddresses): void {
    if (this.closed) throw new NodeError('closed', `the node ${this.name} is closed`);
    const canonical = (text: string): string => formatAddress(parseAddress(text));
    const { address, streamAddress, webSocketAddress } = addresses;
    try {
      this.#parts.members.readdress({
        address: canonical(address),
        streamAddress: streamAddress && canonical(streamAddress),
        webSocketAddress,
      });
    } catch (cause) {
      if (cause instanceof NodeError) throw cause;
      const text = `this node cannot be at ${address}: ${toError(cause).message}`;
      throw new NodeError('argument', text, { cause });
    }
  }

  /**
   * Hands over if it leads, stops following, gives up the leadership, says goodbye, and closes. Resolves once
   * enough members know, or after the configured `leaveTimeout` or `timeout` (in ms).
   */
  async leave(options: { readonly timeout?: number | undefined } = {}): Promise<void> {
    if (this.closed) return this.close();
    const { stopping, replication, released } = this.#parts;
    const reason = new NodeError('closed', `the node ${this.name} has left the cluster`);
    await replication?.handOver(HAND_OVER_TIMEOUT);
    stopping.abort(reason);
    await replication?.close(reason);
    await released;
    if (!this.closed) await this.membership.leave(options);
    await this.close();
  }

  /**
   * Stops at once, without a goodbye, and closes the transports and listeners that it was given.
   * Further calls wait for the same end.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }

  #leading(): Replication {
    const { replication } = this.#parts;
    if (replication !== undefined) return replication;
    throw new NodeError('not-leader', `${this.name} is not the leader: it has no log`);
  }

  async #close(): Promise<void> {
    const { stopping, replication, released, events, dispose } = this.#parts;
    const reason = new NodeError('closed', `the node ${this.name} is closed`);
    stopping.abort(reason);
    await replication?.close(reason);
    await released;
    await this.membership.close();
    await dispose();
    this.#cancelAbort();
    events.end();
  }
}
