import { type LogStore, type StoredEntry, SyncupError, type VlsnRange } from '@shoal/syncup';
import { type Lag, type Replica, type Rollback, startReplica } from '@shoal/syncup/driver';
import type { Connection } from '@shoal/transport';
import type { EventHub } from '../event-hub.ts';
import type { NodeRollback } from '../events.ts';
import type { ReplicationOptions } from '../options.ts';
import { formatTerm } from '../votes/term.ts';
import type { VoteRecord } from '../votes/vote-store.ts';
import { markedTerm, type TermMarks } from './term-marks.ts';

/** The application's part of following. */
export interface Callbacks {
  readonly onEntries?: ((entries: readonly StoredEntry[]) => void | Promise<void>) | undefined;
  readonly onRollback?: ((rollback: NodeRollback) => void | Promise<void>) | undefined;
  readonly onRestore?: ((range: VlsnRange) => void | Promise<void>) | undefined;
}

/** What {@link Follower} works with. */
export interface FollowerParts {
  readonly log: LogStore;
  readonly marks: TermMarks;
  readonly votes: VoteRecord;
  readonly name: string;
  readonly label: string;
  /** The node that is followed. */
  readonly feeder: string;
  /** The term in which it feeds, or has promised not to. */
  readonly term: bigint;
  /** True: this very term, and no promise follows from it. False: this one or a later one. */
  readonly exactly: boolean;
  readonly dial: (options: { signal: AbortSignal }) => Promise<Connection>;
  readonly callbacks: Callbacks;
  readonly options: ReplicationOptions;
  readonly events: EventHub;
  readonly random: () => number;
}

/** This node as the replica of one feeder. */
export class Follower {
  readonly type = 'follower';
  readonly feeder: string;
  readonly term: bigint;
  readonly #replica: Replica;

  constructor(parts: FollowerParts) {
    const { log, votes, name, label, options, events } = parts;
    this.feeder = parts.feeder;
    this.term = parts.term;
    const { crc32, rollback, barrier, restore, reconnect, maxPendingBytes } = options;
    const { heartbeatInterval, idleTimeout, stepTimeout } = options;
    this.#replica = startReplica({
      log,
      name,
      label,
      durable: true,
      term: votes.votedTerm,
      dial: parts.dial,
      random: parts.random,
      onTerm: (term) => admit(parts, term),
      onEntries: (entries) => receive(parts, entries),
      onRollback: (rollback) => undo(parts, rollback),
      onRestore: async (range) => {
        await parts.marks.rebuild();
        await parts.callbacks.onRestore?.(range);
      },
      ...(crc32 === undefined ? {} : { crc32 }),
      ...(rollback === undefined ? {} : { rollback }),
      ...(barrier === undefined ? {} : { barrier }),
      ...(restore === undefined ? {} : { restore }),
      ...(reconnect === undefined ? {} : { reconnect }),
      ...(maxPendingBytes === undefined ? {} : { maxPendingBytes }),
      ...(heartbeatInterval === undefined ? {} : { heartbeatInterval }),
      ...(idleTimeout === undefined ? {} : { idleTimeout }),
      ...(stepTimeout === undefined ? {} : { stepTimeout }),
    });
    // Of no use to a caller who was not there to see it: it is reported as `failed` instead.
    this.#replica.finished.catch(() => undefined);
    this.#replica.on('streaming', ({ startVlsn }) =>
      events.emit('streaming', { startVlsn, leader: parts.feeder }),
    );
    this.#replica.on('progress', () => parts.marks.settle());
    this.#replica.on('restored', ({ range }) => events.emit('restored', { range }));
    this.#replica.on('disconnected', (event) => events.emit('disconnected', event));
  }

  get lag(): Lag {
    return this.#replica.lag;
  }

  /** Rejects with the `SyncupError` that no retry would help; resolves when it is stopped. */
  get finished(): Promise<void> {
    return this.#replica.finished;
  }

  /** See `Replica.applied`. */
  applied(vlsn: bigint, options?: { signal?: AbortSignal }): Promise<void> {
    return this.#replica.applied(vlsn, options);
  }

  /** Resolves when the connection is gone, and the log is at rest. Never rejects. */
  stop(): Promise<void> {
    return this.#replica.close();
  }
}

/**
 * Nothing is taken from a feeder before its term is promised: without that, an older feeder
 * could make entries durable once this node was started again.
 */
async function admit({ votes, term, exactly }: FollowerParts, found: bigint): Promise<void> {
  const wrong = exactly ? found !== term : found < votes.votedTerm;
  if (wrong) {
    const known = formatTerm(exactly ? term : votes.votedTerm);
    const text = `the feeder's term is ${formatTerm(found)}, but ${known} is known`;
    throw new SyncupError('stale-term', text);
  }
  await votes.raise(found);
}

async function receive(
  { marks, callbacks }: FollowerParts,
  entries: readonly StoredEntry[],
): Promise<void> {
  marks.note(entries);
  const { onEntries } = callbacks;
  if (onEntries === undefined) return;
  const own = entries.some((entry) => markedTerm(entry) !== undefined);
  const theirs = own ? entries.filter((entry) => markedTerm(entry) === undefined) : entries;
  if (theirs.length > 0) await onEntries(theirs);
}

async function undo(
  parts: FollowerParts,
  { matchpoint, discarded, plan }: Rollback,
): Promise<void> {
  await parts.marks.rolledBack(matchpoint);
  const rollback: NodeRollback = {
    matchpoint,
    discarded,
    transactions: plan.decision.passed.count,
    leader: parts.feeder,
  };
  await parts.callbacks.onRollback?.(rollback);
  parts.events.emit('rollback', rollback);
}
