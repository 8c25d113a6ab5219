import type { EventSource } from '@shoal/async';
import type { Connection, Listener, PeerProof } from '@shoal/transport';
import type { Crc32 } from '@shoal/wire';
import type { SyncupError } from '../../errors.ts';
import type { FeederOutcome } from '../../handshake/feeder-syncup.ts';
import type { LogStore } from '../../log/log-store.ts';

/** A protocol that replicas are served in: Shoal's own, or that of Noxu (`noxu-rep` 7). */
export type Dialect = 'shoal' | 'noxu';

/** A connected replica. */
export interface ReplicaStatus {
  /** The name that the replica gave; its address if it gave none. */
  readonly name: string;
  readonly address: string;
  readonly dialect: Dialect;
  /** The last VLSN that it has acknowledged; at first the one before its stream. */
  readonly acked: bigint;
  /** The last VLSN that was sent to it. */
  readonly sent: bigint;
}

/** A replica that asks to be served, before anything is sent to it. */
export interface ReplicaIntroduction {
  /** The name that it gives; empty if it gives none. */
  readonly name: string;
  readonly address: string;
  /** What it has proved to the transport; undefined: nothing. */
  readonly peer: PeerProof | undefined;
  /** The highest term that it knows. */
  readonly term: bigint;
  /** Says that it is who it claims to be: see `Connection.vouch`. */
  readonly vouch: () => void;
}

/** What a {@link Feeder} reports. */
export type FeederEvent =
  /** A handshake has ended. */
  | {
      readonly type: 'syncup';
      readonly outcome: FeederOutcome;
      readonly address: string;
      readonly name: string;
    }
  /** A stream to a replica has begun. */
  | ({ readonly type: 'streaming' } & ReplicaStatus)
  /** A replica has acknowledged more. */
  | ({ readonly type: 'ack' } & ReplicaStatus)
  /** A snapshot is being sent: `total` bytes, from byte `offset` on. */
  | {
      readonly type: 'restore';
      readonly address: string;
      readonly offset: number;
      readonly total: number;
    }
  /** A connection has ended; `error` is undefined if the replica closed it. */
  | {
      readonly type: 'disconnected';
      readonly address: string;
      readonly error: SyncupError | undefined;
    }
  /** A replica knows a higher term: this feeder no longer belongs to the leader. */
  | { readonly type: 'staleTerm'; readonly term: bigint };

/** Options of {@link startFeeder}. */
export interface FeederOptions {
  /** The log to feed from. The application appends to it. */
  readonly log: LogStore;
  /** Where replicas connect. Closed together with the feeder. Without one, use `serve`. */
  readonly listener?: Listener | undefined;
  /** Which dialects are served. Default: both, `noxu` only if the log is unchained. */
  readonly dialects?: readonly Dialect[] | undefined;
  /** The cluster's label. Shoal replicas with another one are refused. Default: empty. */
  readonly label?: string | undefined;
  /** The term of this feeder's leader. Shoal replicas that know a higher one are refused. Default 0. */
  readonly term?: bigint | undefined;
  /**
   * How many replicas must acknowledge an entry to make it durable. The feeder then notes it in its
   * log and tells Shoal replicas. Default 0: the application calls the log's `noteDurable`.
   */
  readonly majority?: number | undefined;
  /**
   * Called with each Shoal replica first. If it throws, the replica is refused, with the error's
   * message, and nothing it says counts. Default: all are admitted.
   */
  readonly admit?: ((replica: ReplicaIntroduction) => void) | undefined;
  /** Whether replicas may fetch a snapshot of the log. Default true. */
  readonly restore?: boolean | undefined;
  /** How many snapshots may be sent at once. Default 2. */
  readonly maxRestores?: number | undefined;
  /** How long an interrupted restore can be resumed, in ms. Default 300,000. */
  readonly restoreGrace?: number | undefined;
  /** How many connections are served at once. Default 1024. */
  readonly maxConnections?: number | undefined;
  /** How long a replica may take for each step of a handshake, in ms. Default 30,000. */
  readonly stepTimeout?: number | undefined;
  /** The time between two heartbeats to a Shoal replica, in ms. Default 1000. */
  readonly heartbeatInterval?: number | undefined;
  /** How long a Shoal replica may be silent, in ms. Default 10,000. */
  readonly idleTimeout?: number | undefined;
  /**
   * How many bytes of payload a message of the stream holds at most, except that it always holds
   * one entry. Shoal replicas only. Default 512 KiB.
   */
  readonly batchBytes?: number | undefined;
  /** Computes checksums. `crc32` of `node:zlib` is faster than the default. */
  readonly crc32?: Crc32 | undefined;
  /** Closes the feeder when it fires. */
  readonly signal?: AbortSignal | undefined;
}

type Defaulted = Exclude<keyof FeederOptions, 'log' | 'listener' | 'admit' | 'crc32' | 'signal'>;

/** The options with every default filled in. */
export type ResolvedFeederOptions = FeederOptions & {
  readonly [Name in Defaulted]-?: NonNullable<FeederOptions[Name]>;
};

export function resolveFeederOptions(options: FeederOptions): ResolvedFeederOptions {
  return {
    ...options,
    dialects: options.dialects ?? ['shoal', 'noxu'],
    label: options.label ?? '',
    term: options.term ?? 0n,
    majority: options.majority ?? 0,
    restore: options.restore ?? true,
    maxRestores: options.maxRestores ?? 2,
    restoreGrace: options.restoreGrace ?? 300_000,
    maxConnections: options.maxConnections ?? 1024,
    stepTimeout: options.stepTimeout ?? 30_000,
    heartbeatInterval: options.heartbeatInterval ?? 1000,
    idleTimeout: options.idleTimeout ?? 10_000,
    batchBytes: options.batchBytes ?? 512 * 1024,
  };
}

/** A running feeder. */
export interface Feeder extends EventSource<FeederEvent>, AsyncDisposable {
  /** The replicas that a stream goes to. */
  replicas(): ReplicaStatus[];
  /**
   * Resolves once `count` replicas have acknowledged everything up to `vlsn`. Rejects with the
   * signal's reason, with `closed`, or with `argument` if `count` is not a whole number of at
   * least 1.
   */
  waitForAcks(
    vlsn: bigint,
    count: number,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<void>;
  /**
   * Serves one connection until it ends. `service` is the text of its first frame, if that has
   * been read already. Never rejects: the event `disconnected` tells how it ended.
   */
  serve(connection: Connection, service?: string): Promise<void>;
  /** Closes the listener and all connections, and waits until they have ended. Never rejects. */
  close(): Promise<void>;
}
