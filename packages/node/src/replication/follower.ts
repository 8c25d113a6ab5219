import type { LogTail, LogView } from '@shoal/consensus';
import { type StoredEntry, SyncupError } from '@shoal/syncup';
import { type Lag, type Replica, type Rollback, startReplica } from '@shoal/syncup/driver';
import { markOf } from '../log/mark-entry.ts';
import { formatTerm } from '../votes/term.ts';
import type { LogWork } from './log-work.ts';
import type { ReplicationParts } from './replication-parts.ts';

/** What a {@link Follower} is given besides the parts. */
export interface FollowerOptions {
  /** The name of the node whose log is taken over. */
  readonly source: string;
  readonly term: bigint;
  /** The service of that node that serves the log. */
  readonly service: string;
  /** The label of the stream. */
  readonly label: string;
  /** The log ends with what it shares with the source's. Entries follow. */
  readonly onMatched?: ((view: LogView) => void) | undefined;
  /** Entries are in the log, and synced. */
  readonly onAppended?: ((tail: LogTail) => void) | undefined;
  /** The source has reported how far its log is committed. */
  readonly onProgress?: (() => void) | undefined;
  /** The connection has ended. It is dialed again in `retryIn` ms; undefined: it is not. */
  readonly onDisconnected: (error: SyncupError, retryIn: number | undefined) => void;
}

/** Takes the entries of another node's log, in one term. */
export class Follower implements LogWork {
  readonly source: string;
  readonly #parts: ReplicationParts;
  readonly #options: FollowerOptions;
  readonly #replica: Replica;
  readonly #stopping = new AbortController();

  constructor(parts: ReplicationParts, options: FollowerOptions) {
    this.#parts = parts;
    this.#options = options;
    this.source = options.source;
    const { log, name, random, dialer, options: own, marks, events, delivery, callbacks } = parts;
    const { source, term, service, label } = options;
    this.#replica = startReplica({
      log,
      name,
      label,
      random,
      durable: true,
      term,
      dial: ({ signal }) => dialer.dial(source, service, signal),
      onTerm: (found) => this.#checkTerm(found),
      onEntries: (entries) => this.#receive(entries),
      onRollback: (rollback) => this.#undo(rollback),
      onRestore: async (range) => {
        await marks.rebuild();
        const { onRestore } = callbacks;
        if (onRestore) delivery.run('onRestore', () => onRestore(range));
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
    // The error arrives as the last `disconnected`; here it would only count as unhandled.
    this.#replica.finished.catch(() => undefined);
    this.#replica.on('streaming', ({ startVlsn }) => {
      options.onMatched?.(marks.view());
      events.emit({ type: 'streaming', startVlsn, leader: source });
    });
    this.#replica.on('progress', () => options.onProgress?.());
    this.#replica.on('restored', ({ range }) => events.emit({ type: 'restored', range }));
    this.#replica.on('disconnected', ({ error, retryIn }) => {
      options.onDisconnected(error, retryIn);
    });
  }

  /** How far this node is behind; undefined while there is no stream. */
  get lag(): Lag | undefined {
    return this.#replica.lag;
  }

  /** See `Replica.applied`. */
  applied(vlsn: bigint): Promise<void> {
    return this.#replica.applied(vlsn, { signal: this.#stopping.signal });
  }

  /** Resolves once the connection has ended and the log is at rest. Never rejects. */
  stop(): Promise<void> {
    this.#stopping.abort(new SyncupError('closed', 'this node follows another log'));
    return this.#replica.close();
  }

  /** The vote of this term is stored: nothing of another one may be taken. */
  #checkTerm(found: bigint): void {
    const { term, source } = this.#options;
    if (found === term) return;
    const text = `${source} streams its log in term ${formatTerm(found)}`;
    throw new SyncupError('stale-term', `${text}, not in ${formatTerm(term)}`);
  }

  async #receive(entries: readonly StoredEntry[]): Promise<void> {
    const { marks, callbacks, delivery } = this.#parts;
    const tail = marks.note(entries);
    this.#options.onAppended?.(tail);
    const { onEntries } = callbacks;
    if (onEntries === undefined) return;
    const others = entries.filter((entry) => markOf(entry) === undefined);
    if (others.length === 0) return;
    const bytes = others.reduce((sum, { payload }) => sum + payload.length + 64, 0);
    delivery.run('onEntries', () => onEntries(others), bytes);
    await delivery.room(this.#stopping.signal);
  }

  async #undo({ matchpoint, discarded, plan }: Rollback): Promise<void> {
    const { marks, tellRollback } = this.#parts;
    await marks.rolledBack(matchpoint);
    const { count: transactions } = plan.decision.passed;
    tellRollback({ matchpoint, discarded, transactions, leader: this.source });
  }
}
