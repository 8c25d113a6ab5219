import type { EventSource } from '@shoal/async';
import type { Connection } from '@shoal/transport';
import type { Crc32 } from '@shoal/wire';
import type { SyncupError } from '../../errors.ts';
import type { ReplicaSyncupOptions, RollbackPlan } from '../../handshake/replica-syncup-types.ts';
import type { RollbackPolicy } from '../../handshake/rollback.ts';
import type { Archive, LogStore, StoredEntry, VlsnRange } from '../../log/log-store.ts';
import type { Dialect } from '../feeder/feeder-options.ts';

/** A rollback that the log has carried out. */
export interface Rollback {
  /** The last VLSN that is left; 0 if none is. */
  readonly matchpoint: bigint;
  /** The entries that the application must undo. The log keeps this archive. */
  readonly discarded: Archive;
  readonly plan: RollbackPlan;
}

/** How far a replica is behind its feeder. */
export interface Lag {
  /** The last VLSN that has been applied. */
  readonly applied: bigint;
  /** The feeder's last VLSN, as far as the replica knows. */
  readonly feederLast: bigint;
  /** `feederLast - applied`. */
  readonly entries: bigint;
  /** How long the feeder has held the oldest entry that is not applied yet, in ms; 0 if all are. */
  readonly ms: number;
  /** How long ago the feeder was heard last, in ms: all of this may be as old. */
  readonly silentFor: number;
}

/** What a {@link Replica} reports. */
export type ReplicaEvent =
  /** A handshake has led to a plan, which is about to be carried out. */
  | { readonly type: 'syncup'; readonly plan: RollbackPlan; readonly feeder: string }
  /** The diverged tail was cut off, and the application has undone it. */
  | ({ readonly type: 'rollback' } & Rollback)
  /** The feeder streams entries from this VLSN on. */
  | { readonly type: 'streaming'; readonly startVlsn: bigint; readonly feeder: string }
  /** Entries were applied, or the feeder reported its last VLSN. */
  | ({ readonly type: 'progress' } & Lag)
  /** A snapshot is being received: `done` of `total` bytes. */
  | { readonly type: 'restoring'; readonly done: number; readonly total: number }
  /** A snapshot has replaced the log. */
  | { readonly type: 'restored'; readonly range: VlsnRange }
  /** An attempt has ended. The next one follows in `retryIn` ms; undefined means never. */
  | {
      readonly type: 'disconnected';
      readonly error: SyncupError;
      readonly retryIn: number | undefined;
    };

/** Options of {@link startReplica}. */
export interface ReplicaOptions
  extends Pick<ReplicaSyncupOptions, 'search' | 'flight' | 'stepTimeout'> {
  /** The replica's log. Nothing else may append to it or roll it back while the replica runs. */
  readonly log: LogStore;
  /** Opens a connection to the feeder. Called once per attempt, twice for Noxu. */
  readonly dial: (options: { signal: AbortSignal }) => Promise<Connection>;
  /** The feeder's dialect. Default `shoal`. */
  readonly dialect?: Dialect | undefined;
  /** The name under which the feeder counts acknowledgements. Default: the address. Shoal only. */
  readonly name?: string | undefined;
  /** The cluster's label. A feeder with another one is refused. Default: empty. Shoal only. */
  readonly label?: string | undefined;
  /** The highest term known: a feeder with a lower one is refused. Default 0. Shoal only. */
  readonly term?: bigint | undefined;
  /**
   * Called with the term of each feeder that greets, before the log changes: the place to make the
   * term durable. If it throws, the attempt ends. Shoal only.
   */
  readonly onTerm?: ((term: bigint) => void | Promise<void>) | undefined;
  /** Called with appended entries, in order, before they are acknowledged. */
  readonly onEntries?: ((entries: readonly StoredEntry[]) => void | Promise<void>) | undefined;
  /** Called after the log was rolled back, before new entries arrive. */
  readonly onRollback?: ((rollback: Rollback) => void | Promise<void>) | undefined;
  /** Called after a snapshot replaced the log: the application must rebuild its state from it. */
  readonly onRestore?: ((range: VlsnRange) => void | Promise<void>) | undefined;
  /** Whether a snapshot may replace the log. Default true. Shoal only: Noxu copies files. */
  readonly restore?: boolean | undefined;
  /** Which rollbacks are allowed. Default: those that undo no durable transaction. */
  readonly rollback?: RollbackPolicy | undefined;
  /** The lowest VLSN that the application can roll back to. Default 0. */
  readonly barrier?: (() => bigint) | undefined;
  /** Whether entries must be on stable storage before they are acknowledged. Default: the log's. */
  readonly durable?: boolean | undefined;
  /** The longest time between two acknowledgements, in ms. Default 1000. Shoal only. */
  readonly heartbeatInterval?: number | undefined;
  /**
   * How long the feeder may be silent, in ms. Default 10,000. An entry that arrives slowly is no
   * silence if the transport counts `arrivals`, as TCP and TLS do. Shoal only.
   */
  readonly idleTimeout?: number | undefined;
  /**
   * How many bytes may wait to be applied or be on their way to the disk. Beyond that, the replica
   * stops reading, which slows the feeder down. Default 2 MiB.
   */
  readonly maxPendingBytes?: number | undefined;
  /**
   * The delay before the next attempt, in ms: `minDelay` (default 100), doubled after each failure
   * up to `maxDelay` (default 10,000), with half of it random. A stream that has lasted `maxDelay`
   * resets it, if an entry was taken from it or there was none to take. `false`: a single attempt.
   */
  readonly reconnect?:
    | false
    | { readonly minDelay?: number | undefined; readonly maxDelay?: number | undefined }
    | undefined;
  /** Returns a number from 0 (inclusive) to 1 (exclusive). Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Computes checksums. `crc32` of `node:zlib` is faster than the default. */
  readonly crc32?: Crc32 | undefined;
  /** Closes the replica when it fires. */
  readonly signal?: AbortSignal | undefined;
}

type Defaulted =
  | 'dialect'
  | 'name'
  | 'label'
  | 'term'
  | 'restore'
  | 'stepTimeout'
  | 'heartbeatInterval'
  | 'idleTimeout'
  | 'maxPendingBytes'
  | 'random';

/** The options with their defaults filled in. */
export type ResolvedReplicaOptions = ReplicaOptions & {
  readonly [Name in Defaulted]-?: NonNullable<ReplicaOptions[Name]>;
};

export function resolveReplicaOptions(options: ReplicaOptions): ResolvedReplicaOptions {
  return {
    ...options,
    dialect: options.dialect ?? 'shoal',
    name: options.name ?? '',
    label: options.label ?? '',
    term: options.term ?? 0n,
    restore: options.restore ?? true,
    stepTimeout: options.stepTimeout ?? 30_000,
    heartbeatInterval: options.heartbeatInterval ?? 1000,
    idleTimeout: options.idleTimeout ?? 10_000,
    maxPendingBytes: options.maxPendingBytes ?? 2 * 1024 * 1024,
    random: options.random ?? Math.random,
  };
}

/** A running replica. */
export interface Replica extends EventSource<ReplicaEvent>, AsyncDisposable {
  /** Undefined while there is no stream: nothing is known then. */
  readonly lag: Lag | undefined;
  /**
   * Resolves once everything up to `vlsn` is applied and a handshake has shown that the feeder
   * holds the same. Rejects with the signal's reason, or with the error that ended the replica.
   */
  applied(vlsn: bigint, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /**
   * Resolves once the replica is closed. Rejects with a {@link SyncupError} if the replica gave up:
   * another attempt could not succeed, or `reconnect` is false.
   */
  readonly finished: Promise<void>;
  /** Closes the replica and waits until its connections have ended. The log stays open. Never rejects. */
  close(): Promise<void>;
}

/** The codes of a {@link SyncupError} after which another attempt could not succeed. */
export const FATAL: ReadonlySet<SyncupError['code']> = new Set([
  'rollback-prohibited',
  'restore-needed',
  'application',
  'label',
  'version',
  'argument',
  'internal',
  'closed',
  'storage',
  'corrupt',
]);
