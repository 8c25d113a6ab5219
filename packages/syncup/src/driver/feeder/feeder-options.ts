import type { Connection, Listener } from '@shoal/transport';
import type { Crc32 } from '@shoal/wire';
import type { FeederOutcome } from '../../handshake/feeder-syncup.ts';
import type { LogStore } from '../../log/log-store.ts';

/** A replica that is connected. */
export interface ReplicaStatus {
  /** What it calls itself; its address when it has no name. */
  readonly name: string;
  readonly address: string;
  readonly dialect: 'shoal' | 'noxu';
  /** The last VLSN that it has acknowledged; where its stream began, before it has. */
  readonly acked: bigint;
  /** The last VLSN that was sent to it. */
  readonly sent: bigint;
}

/** The events of a {@link Feeder}, by name. */
export interface FeederEvents {
  /** A handshake is over. */
  readonly syncup: {
    readonly outcome: FeederOutcome;
    readonly address: string;
    readonly name: string;
  };
  /** A replica is being streamed to. */
  readonly streaming: ReplicaStatus;
  /** A replica has acknowledged more. */
  readonly ack: ReplicaStatus;
  /** A full copy is going out, from this byte on. In bytes. */
  readonly restore: { readonly address: string; readonly offset: number; readonly total: number };
  /** A connection is over; without an error when the replica has ended it. */
  readonly disconnected: { readonly address: string; readonly error: unknown };
  /** A replica knows of a higher term: this feeder leads no longer. */
  readonly 'stale-term': { readonly term: bigint };
}

/** What {@link startFeeder} is given. */
export interface FeederOptions {
  /** The log to feed from. The application appends to it. */
  readonly log: LogStore;
  /** Where replicas connect; closed together with the feeder. Without it, use `serve`. */
  readonly listener?: Listener;
  /** Which replicas are served. Default: both, but `noxu` only from a log that is unchained. */
  readonly dialects?: readonly ('shoal' | 'noxu')[];
  /** The cluster's label. Default: empty. */
  readonly label?: string;
  /** The term in which this node leads. Default 0. */
  readonly term?: bigint;
  /**
   * How many replicas' acknowledgements make an entry durable; heartbeats tell all replicas.
   * Default 0: the feeder does not judge that.
   */
  readonly majority?: number;
  /** Whether replicas may fetch a full copy. Default true. */
  readonly restore?: boolean;
  /** How many full copies may go out at once. Default 2. */
  readonly maxRestores?: number;
  /** For how long a copy that was cut can be gone on with, in ms. Default 300,000. */
  readonly restoreGrace?: number;
  /** How many connections are served at once. Default 1024. */
  readonly maxConnections?: number;
  /** How long a replica may take for each step of a handshake, in ms. Default 30,000. */
  readonly stepTimeout?: number;
  /** How often to send heartbeats, in ms. Default 1000. */
  readonly heartbeatInterval?: number;
  /** How long a Shoal replica may be silent, in ms. Default 10,000. */
  readonly idleTimeout?: number;
  /** How many bytes of entries go into a frame, but always one. Default 512 KiB. Shoal only. */
  readonly batchBytes?: number;
  /** What computes checksums: `zlib.crc32` is faster than the default. */
  readonly crc32?: Crc32;
  /** Closes the feeder. */
  readonly signal?: AbortSignal;
}

/** A feeder at work. */
export interface Feeder extends AsyncDisposable {
  /** The replicas that are being streamed to. */
  replicas(): ReplicaStatus[];
  /** Calls `listener` at each such event; call the result to end that. */
  on<Name extends keyof FeederEvents>(
    name: Name,
    listener: (event: FeederEvents[Name]) => void,
  ): () => void;
  /**
   * Resolves when `count` replicas have acknowledged everything up to `vlsn`. Rejects with the
   * signal's reason, `closed`, or `argument`.
   */
  waitForAcks(vlsn: bigint, count: number, options?: { signal?: AbortSignal }): Promise<void>;
  /**
   * Serves one connection until it is over. `service` is what its first frame said, if that has
   * been read. Never rejects.
   */
  serve(connection: Connection, service?: string): Promise<void>;
  /** Closes the listener and all connections, and waits until they are gone. Never rejects. */
  close(): Promise<void>;
}
