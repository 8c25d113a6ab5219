import type { Connection } from '@shoal/transport';
import type { Crc32 } from '@shoal/wire';
import type { SyncupError } from '../../errors.ts';
import type { RollbackPlan } from '../../handshake/replica-syncup.ts';
import type { RollbackPolicy } from '../../handshake/rollback.ts';
import type { Archive, LogStore, StoredEntry, VlsnRange } from '../../log/log-store.ts';

/** What an application is told before the stream goes on behind a rollback. */
export interface Rollback {
  /** The last VLSN that is left; 0: none. */
  readonly matchpoint: bigint;
  /** The entries that it must undo, kept in the log's archives as well. */
  readonly discarded: Archive;
  readonly plan: RollbackPlan;
}

/** How far a replica is behind. */
export interface Lag {
  /** The last VLSN that has been applied. */
  readonly applied: bigint;
  /** The feeder's last VLSN, as far as is known. */
  readonly feederLast: bigint;
  /** `feederLast - applied`. */
  readonly entries: bigint;
  /** For how long the feeder has held something that is not applied yet, in ms. */
  readonly ms: number;
}

/** The events of a {@link Replica}, by name. */
export interface ReplicaEvents {
  /** A handshake has found out what to do, and it will be done. */
  readonly syncup: { readonly plan: RollbackPlan; readonly feeder: string };
  /** The diverged tail has been cut off, and the application has undone it. */
  readonly rollback: Rollback;
  /** Entries are coming from this VLSN on. */
  readonly streaming: { readonly startVlsn: bigint; readonly feeder: string };
  /** Entries were applied, or the feeder has said how far it is. */
  readonly progress: Lag;
  /** A full copy is coming in. In bytes. */
  readonly restoring: { readonly done: number; readonly total: number };
  /** The log has been replaced by a full copy. */
  readonly restored: { readonly range: VlsnRange };
  /** The connection is over; another attempt follows after `retryIn` ms, or none. */
  readonly disconnected: { readonly error: unknown; readonly retryIn: number | undefined };
}

/** What {@link startReplica} is given. */
export interface ReplicaOptions {
  /** The replica's log; nobody else may append to it or roll it back meanwhile. */
  readonly log: LogStore;
  /** Opens a connection to the feeder: once an attempt, twice for Noxu. */
  readonly dial: (options: { signal: AbortSignal }) => Promise<Connection>;
  /** What the feeder speaks. Default `shoal`. */
  readonly dialect?: 'shoal' | 'noxu';
  /** The replica's name, by which its acknowledgements count. Default: none. Shoal only. */
  readonly name?: string;
  /** The cluster's label. Default: empty. Shoal only. */
  readonly label?: string;
  /** The highest term that is known: a feeder of a lower one is refused. Default 0. Shoal only. */
  readonly term?: bigint;
  /**
   * Called with the term of each feeder that greets, before anything is changed for its sake: the
   * place to make a promise durable. What it throws ends that attempt. Shoal only.
   */
  readonly onTerm?: (term: bigint) => void | Promise<void>;
  /** Called with entries that were appended, in order, before they are acknowledged. */
  readonly onEntries?: (entries: readonly StoredEntry[]) => void | Promise<void>;
  /** Called after the tail was cut off, before the stream goes on. */
  readonly onRollback?: (rollback: Rollback) => void | Promise<void>;
  /** Called after the log was replaced: the application must build its state anew from it. */
  readonly onRestore?: (range: VlsnRange) => void | Promise<void>;
  /** Whether a full copy may replace the log. Default true. Shoal only: Noxu's is of files. */
  readonly restore?: boolean;
  /** What may be rolled back. */
  readonly rollback?: RollbackPolicy;
  /** Below this VLSN the application cannot go back. Default 0. */
  readonly barrier?: () => bigint;
  /** Whether appended entries must be on stable storage before they are acknowledged. */
  readonly durable?: boolean;
  /** See `MatchpointSearchOptions`. Defaults: `gallop`, 64. */
  readonly search?: 'gallop' | 'descending';
  readonly flight?: number;
  /** How long the feeder may take for each step of a handshake, in ms. Default 30,000. */
  readonly stepTimeout?: number;
  /** How often to acknowledge at least, in ms. Default 1000. Shoal only. */
  readonly heartbeatInterval?: number;
  /** How long the feeder may be silent, in ms. Default 10,000. Shoal only. */
  readonly idleTimeout?: number;
  /** How many bytes may wait to be applied, or be on their way to the disk. Default 2 MiB. */
  readonly maxPendingBytes?: number;
  /** Attempts follow each other after `minDelay` ms, doubled up to `maxDelay`, with jitter. */
  readonly reconnect?: false | { readonly minDelay?: number; readonly maxDelay?: number };
  /** 0 (inclusive) to 1 (exclusive). Default `Math.random`. */
  readonly random?: () => number;
  /** What computes checksums: `zlib.crc32` is faster than the default. */
  readonly crc32?: Crc32;
  /** Closes the replica. */
  readonly signal?: AbortSignal;
}

/** A replica at work. */
export interface Replica extends AsyncDisposable {
  /** How far it is. */
  readonly lag: Lag;
  /** Calls `listener` at each such event; call the result to end that. */
  on<Name extends keyof ReplicaEvents>(
    name: Name,
    listener: (event: ReplicaEvents[Name]) => void,
  ): () => void;
  /**
   * Resolves once everything up to `vlsn` is applied, and a handshake has shown that the feeder
   * holds the same. Rejects with the signal's reason, or with
   * what ended the replica.
   */
  applied(vlsn: bigint, options?: { signal?: AbortSignal }): Promise<void>;
  /** Resolves once it is closed; rejects with the {@link SyncupError} that no retry would help. */
  readonly finished: Promise<void>;
  /** Closes it and waits until its connections are gone. The log stays open. Never rejects. */
  close(): Promise<void>;
}

/** The codes of a {@link SyncupError} behind which another attempt is of no use. */
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
