import { withMetadata } from '@shoal/membership';
import type { DriverStats, Membership } from '@shoal/membership/driver';
import type { LogStore, NewEntry } from '@shoal/syncup';
import type { Lag, ReplicaStatus } from '@shoal/syncup/driver';
import type { Listener } from '@shoal/transport';
import type { NodeIdentity } from '@shoal/wire';
import { NodeError } from './errors.ts';
import type { EventHub } from './event-hub.ts';
import type { NodeEvent, NodeEvents, NodeEventType, NodeMember } from './events.ts';
import { encodeNodeMetadata, type NodeMetadata, type Role } from './members/node-metadata.ts';
import { nodeMember, type Peers } from './members/peers.ts';
import type { Appended, AppendOptions } from './options.ts';
import type { Replication } from './replication/replication.ts';

const DEFAULT_CAPACITY = 4096;

/** What a node is doing, in numbers. */
export interface NodeStats {
  readonly membership: DriverStats;
  readonly role: Role;
  readonly term: bigint;
  /** The highest term that this node has promised. */
  readonly votedTerm: bigint;
  /** Entries that wait for acknowledgements. Feeder only. */
  readonly pendingEntries: number;
  /** Whom this node feeds. Feeder only. */
  readonly followers: readonly ReplicaStatus[];
  /** How far behind the feeder this node is. Replica only. */
  readonly lag: Lag | undefined;
}

/** What a {@link ShoalNode} runs on, made by {@link startNode}. */
export interface NodeParts {
  readonly name: string;
  readonly membership: Membership<NodeIdentity>;
  readonly metadata: NodeMetadata;
  readonly events: EventHub;
  readonly peers: Peers;
  readonly listeners: readonly Listener[];
  readonly log: LogStore | undefined;
  readonly votedTerm: () => bigint;
  readonly replication: Replication | undefined;
  /** Fires when the node is over. */
  readonly stopping: AbortController;
  /** Resolves when whoever chooses the leader has let go. */
  readonly chooser: Promise<void>;
  /** What else to close, last of all. */
  readonly dispose: () => Promise<void>;
}

/**
 * A member of a cluster that may feed or follow a replicated log. Made by {@link createNode} or
 * {@link startNode}. `await using` says goodbye and closes it.
 */
export class ShoalNode implements AsyncDisposable {
  readonly name: string;
  /** For what a node does not do itself; do not close it. */
  readonly membership: Membership<NodeIdentity>;
  /** For reading, archives and trimming; nobody else may append to it or roll it back. */
  readonly log: LogStore | undefined;
  readonly #parts: NodeParts;
  #metadata: NodeMetadata;
  #closing: Promise<void> | undefined;

  /** @internal Use {@link createNode} or {@link startNode}. */
  constructor(parts: NodeParts) {
    this.#parts = parts;
    this.name = parts.name;
    this.membership = parts.membership;
    this.log = parts.log;
    this.#metadata = parts.metadata;
  }

  /** Where others reach this node. */
  get address(): string {
    return this.membership.identity.address;
  }

  /** `feeder` while this node feeds, `replica` while it follows, else `member`. */
  get role(): Role {
    return this.#parts.replication?.stage.role ?? 'member';
  }

  /** The term in which this node feeds or follows, see {@link termOf}; 0 else. */
  get term(): bigint {
    return this.#parts.replication?.stage.term ?? 0n;
  }

  /** The name of the feeder, this node's own if it feeds; undefined while none is known. */
  get leader(): string | undefined {
    return this.#parts.replication?.stage.leader;
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** The other active members, as they are now. */
  members(): NodeMember[] {
    return this.membership.members().map(nodeMember);
  }

  stats(): NodeStats {
    const { replication, votedTerm } = this.#parts;
    return {
      membership: this.membership.stats(),
      role: this.role,
      term: this.term,
      votedTerm: votedTerm(),
      pendingEntries: replication?.leader?.pending ?? 0,
      followers: replication?.followers() ?? [],
      lag: replication?.follower?.lag,
    };
  }

  /**
   * Appends a batch to the log and resolves once it is on the stable storage of a majority of
   * voters, or of as many as `acks` says, this node included: it will not be lost, whoever feeds
   * later. The batch is kept whole or not at all; it ends with a commit, or another sync point.
   *
   * Rejects with a {@link NodeError}: `argument`, `not-feeder`, `overload`, with nothing
   * appended; `fenced`, `timeout`, `log`, `closed`, or the signal's reason, when the entries may
   * or may not survive.
   */
  async append(entries: readonly NewEntry[], options: AppendOptions = {}): Promise<Appended> {
    const { replication } = this.#parts;
    if (replication === undefined) throw new NodeError('not-leader', 'this node has no log');
    return replication.append(entries, options);
  }

  /**
   * Resolves once this node is part of a cluster. Rejects with the signal's reason, or with a
   * `SwimError` when it can no longer come to that.
   */
  active(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this.membership.active(options);
  }

  /** Resolves once `holds()` is true, which is asked now and at each event. Rejects with `closed`. */
  async until(
    holds: () => boolean,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    options.signal?.throwIfAborted();
    if (holds()) return;
    for await (const _event of this.#watch(options.signal)) if (holds()) return;
    options.signal?.throwIfAborted();
    throw new NodeError('closed', 'the node is closed');
  }

  async *#watch(signal: AbortSignal | undefined): AsyncGenerator<void, void, undefined> {
    const events = this.#parts.events.read(Number.POSITIVE_INFINITY);
    let onAbort = (): void => {};
    const aborted = new Promise<undefined>((resolve) => {
      onAbort = () => resolve(undefined);
      signal?.addEventListener('abort', onAbort);
    });
    try {
      for (;;) {
        const next = await Promise.race([events.next(), aborted]);
        if (next === undefined || next.done) return;
        yield;
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
      void events.return();
    }
  }

  /** Calls `listener` at each such event from now on. Returns how to stop; the signal does so too. */
  on<Name extends NodeEventType>(
    name: Name,
    listener: (event: NodeEvents[Name]) => void,
    options: { readonly signal?: AbortSignal } = {},
  ): () => void {
    return this.#parts.events.on(name, listener, options.signal);
  }

  /**
   * All events from now on, in order, until the node is closed. At most `capacity` wait to be
   * read, default 4096: a reader that falls further behind gets `overflow`.
   */
  events(options: { readonly capacity?: number } = {}): AsyncGenerator<NodeEvent, void, undefined> {
    return this.#parts.events.read(options.capacity ?? DEFAULT_CAPACITY);
  }

  /** Says something else of this node to the cluster, 0..128 bytes. Throws `argument`. */
  setMetadata(application: Uint8Array): void {
    this.#tell({ ...this.#metadata, application: application.slice() });
  }

  /** @internal */
  publish(role: Role, term: bigint): void {
    this.#tell({ ...this.#metadata, role, term });
  }

  #tell(metadata: NodeMetadata): void {
    const bytes = encodeNodeMetadata(metadata);
    this.#metadata = metadata;
    const { membership } = this;
    if (membership.closed || membership.state === 'leaving' || membership.state === 'defunct')
      return;
    membership.updateIdentity(withMetadata(membership.identity, bytes));
  }

  /**
   * Stops feeding or following, gives a leadership up, says goodbye, and closes. Resolves when
   * enough members know, or the configuration's `leaveTimeout` or `timeout` (ms) is over.
   */
  async leave(options: { readonly timeout?: number } = {}): Promise<void> {
    if (this.closed) return this.close();
    const reason = new NodeError('closed', 'the node has left');
    this.#parts.stopping.abort(reason);
    await this.#parts.replication?.close(reason);
    await this.#parts.chooser;
    if (!this.closed) await this.membership.leave(options);
    await this.close();
  }

  /** Stops at once, without a goodbye, and closes what it was given. A second call waits as well. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { stopping, replication, chooser, membership, listeners, peers, events, dispose } =
      this.#parts;
    const reason = new NodeError('closed', 'the node is closed');
    stopping.abort(reason);
    await replication?.close(reason);
    await chooser;
    peers.close();
    await membership.close();
    await Promise.all(listeners.map((listener) => listener.close()));
    await dispose();
    events.end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }
}
