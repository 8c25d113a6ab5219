import { type StoredEntry, SyncupError } from '@shoal/syncup';
import { type Lag, type Replica, type Rollback, startReplica } from '@shoal/syncup/driver';
import { NodeError } from '../errors.ts';
import type { NodeRollback } from '../events.ts';
import { formatTerm } from '../votes/term.ts';
import type { CurrentRole, RoleState } from './current-role.ts';
import { markedTerm } from './term-marks.ts';

/** What a {@link Follower} is given besides the current role. */
export interface FollowerOptions {
  /** The name of the node whose log is followed. */
  readonly leader: string;
  readonly term: bigint;
  /** The service of that node that serves the log. */
  readonly service: string;
  /**
   * Which terms of a stream to accept. `exact`: only `term`, as from a voter for its candidate.
   * `at-least`: any term that is not below the vote of this node, as from a leader.
   */
  readonly accept: 'exact' | 'at-least';
  /** Called when the connection has ended, before it is dialed again. */
  readonly onDisconnected?: (() => void) | undefined;
}

/** This node while it follows the log of another one. */
export class Follower implements RoleState {
  readonly role = 'follower';
  readonly leader: string;
  readonly term: bigint;
  readonly #current: CurrentRole;
  readonly #accept: FollowerOptions['accept'];
  readonly #replica: Replica;

  constructor(current: CurrentRole, options: FollowerOptions) {
    const { leader, term, service, accept, onDisconnected } = options;
    const { parts } = current;
    this.#current = current;
    this.leader = leader;
    this.term = term;
    this.#accept = accept;
    const { log, name, label, random, dialer, votes, options: own, marks, events } = parts;
    this.#replica = startReplica({
      log,
      name,
      label,
      random,
      durable: true,
      term: votes.votedTerm,
      dial: ({ signal }) => dialer.dial(leader, service, signal),
      onTerm: (found) => this.#admit(found),
      onEntries: (entries) => this.#receive(entries),
      onRollback: (rollback) => this.#undo(rollback),
      onRestore: async (range) => {
        await marks.rebuild();
        await parts.callbacks.onRestore?.(range);
      },
      crc32: own.crc32,
      rollback: own.rollback,
      barrier: own.barrier,
      restore: own.restore,
      reconnect: own.reconnect,
      maxPendingBytes: own.maxPendingBytes,
      heartbeatInterval: own.heartbeatInterval,
      idleTimeout: own.idleTimeout,
      stepTimeout: own.stepTimeout,
    });
    // The error is reported as `failed`; here it would only count as unhandled.
    this.#replica.finished.catch(() => undefined);
    this.#replica.on('streaming', ({ startVlsn }) =>
      events.emit({ type: 'streaming', startVlsn, leader }),
    );
    this.#replica.on('progress', () => marks.settle());
    this.#replica.on('restored', ({ range }) => events.emit({ type: 'restored', range }));
    this.#replica.on('disconnected', ({ error, retryIn }) => {
      events.emit({ type: 'disconnected', error: disconnection(error), retryIn });
      onDisconnected?.();
    });
  }

  get lag(): Lag {
    return this.#replica.lag;
  }

  /** Resolves once it is stopped; rejects with the `SyncupError` that no retry would change. */
  get finished(): Promise<void> {
    return this.#replica.finished;
  }

  /** See `Replica.applied`. */
  applied(vlsn: bigint, signal: AbortSignal): Promise<void> {
    return this.#replica.applied(vlsn, { signal });
  }

  /** Resolves once the connection has ended and the log is at rest. Never rejects. */
  stop(): Promise<void> {
    return this.#replica.close();
  }

  /**
   * Votes in the term of the stream before anything is taken from it. Without that, an older leader
   * could make entries durable after this node has restarted.
   */
  async #admit(found: bigint): Promise<void> {
    const { votes } = this.#current.parts;
    const address = this.#current.parts.members.peers.named(this.leader)?.member.address ?? '';
    this.#current.checkPlausible(found, this.leader, address);
    const exact = this.#accept === 'exact';
    if (exact ? found !== this.term : found < votes.votedTerm) {
      const wanted = formatTerm(exact ? this.term : votes.votedTerm);
      const text = `${this.leader} streams its log in term ${formatTerm(found)}`;
      throw new SyncupError('stale-term', `${text}; expected ${exact ? '' : 'at least '}${wanted}`);
    }
    await votes.raise(found);
  }

  async #receive(entries: readonly StoredEntry[]): Promise<void> {
    const { marks, callbacks } = this.#current.parts;
    marks.note(entries);
    const { onEntries } = callbacks;
    if (onEntries === undefined) return;
    const isMark = (entry: StoredEntry): boolean => markedTerm(entry) !== undefined;
    const unmarked = entries.some(isMark) ? entries.filter((entry) => !isMark(entry)) : entries;
    if (unmarked.length > 0) await onEntries(unmarked);
  }

  async #undo({ matchpoint, discarded, plan }: Rollback): Promise<void> {
    const { marks, callbacks, events } = this.#current.parts;
    await marks.rolledBack(matchpoint);
    const rollback: NodeRollback = {
      matchpoint,
      discarded,
      transactions: plan.decision.passed.count,
      leader: this.leader,
    };
    await callbacks.onRollback?.(rollback);
    events.emit({ type: 'rollback', ...rollback });
  }
}

/** The error of this package that a connection ended with, or was never made because of. */
function disconnection(error: SyncupError): NodeError {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof NodeError) return cause;
  }
  return new NodeError('connection', error.message, { cause: error });
}
