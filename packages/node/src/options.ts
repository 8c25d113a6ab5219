import type { SwimConfig } from '@shoal/membership';
import type { JoinRetry } from '@shoal/membership/driver';
import type { EntryKinds, LogStore, RollbackPolicy, StoredEntry, VlsnRange } from '@shoal/syncup';
import type { DatagramTransport, Listener, StreamTransport } from '@shoal/transport';
import type { Crc32 } from '@shoal/wire';
import type { NodeRollback } from './events.ts';
import type { Leadership } from './leadership/leadership.ts';
import type { VoteStore } from './votes/vote-store.ts';

/** How a node replicates. Times are in ms, sizes in bytes. */
export interface ReplicationOptions {
  /** How often feeder and replica give signs of life. Default 1000. */
  readonly heartbeatInterval?: number;
  /** How long either may be silent on a connection. Default 10,000. */
  readonly idleTimeout?: number;
  /** How long a peer may take for each step of a handshake, or for a promise. Default 30,000. */
  readonly stepTimeout?: number;
  /** Attempts follow each other after `minDelay`, doubled up to `maxDelay`: 100 and 10,000. */
  readonly reconnect?: { readonly minDelay?: number; readonly maxDelay?: number };
  /** How many entries may wait for acknowledgements in all; then `overload`. Default 65,536. */
  readonly maxPendingEntries?: number;
  /** How much may wait to be applied by `onEntries`. Default 8 MiB. */
  readonly maxPendingBytes?: number;
  /** How much goes into one frame, but always one entry. Default 64 KiB. */
  readonly batchBytes?: number;
  /** What may be rolled back. Default: whatever no majority is known to hold. */
  readonly rollback?: RollbackPolicy;
  /** Below this VLSN the application cannot go back. Default 0. */
  readonly barrier?: () => bigint;
  /** Whether a full copy may replace the log. Default true. */
  readonly restore?: boolean;
  /** What computes checksums. */
  readonly crc32?: Crc32;
}

/** What {@link startNode} is given: everything that a node needs of its platform is handed in. */
export interface PortableNodeOptions {
  /** 1..64 bytes of UTF-8, unique in the cluster, and the same after a restart. */
  readonly name: string;
  /** Carries the packets of the membership. Taken over: closed with the node. */
  readonly datagrams: DatagramTransport;
  /** Dials other nodes' streams. Default: none; then there is no log either. */
  readonly streams?: StreamTransport;
  /** Where this node takes streams. Taken over: closed with the node. Default: nowhere. */
  readonly listeners?: readonly Listener[];
  /** Where others reach this node. Default: the address of `datagrams`. */
  readonly address?: string;
  /** Where others reach its streams, if not at `address`; and over WebSocket, if they do. */
  readonly streamAddress?: string;
  readonly webSocketAddress?: string;
  /** Which of a member's addresses `streams` dials. Default `tcp`: that of its `streams`. */
  readonly dials?: 'tcp' | 'websocket';
  /** Members to join at; a function is asked afresh for each attempt. */
  readonly seeds?: readonly string[] | (() => readonly string[] | Promise<readonly string[]>);
  /** The cluster's label, 1..255 bytes: others are refused. Default `shoal`. */
  readonly label?: string;
  /** The log that is fed or followed; stays open when the node closes. */
  readonly log?: LogStore;
  /** What the log takes for a commit. Default `SHOAL_ENTRY_KINDS`. */
  readonly kinds?: EntryKinds;
  /** Where this node's promises are kept. Default: in memory, for logs in memory only. */
  readonly voteStore?: VoteStore;
  /** The names of those who count for a majority, the same on all nodes. Needed to lead. */
  readonly voters?: readonly string[];
  /** Who decides which node feeds. Default: others do; this node never feeds. */
  readonly leadership?: Leadership;
  /**
   * Called with the log as it was found, before this node is a member and anything changes: the
   * place to bring the application's state up to date. What it throws, the start throws.
   */
  readonly onOpen?: (log: LogStore) => void | Promise<void>;
  /** Called with entries of the feeder, in order, once they are in the log. */
  readonly onEntries?: (entries: readonly StoredEntry[]) => void | Promise<void>;
  /** Called after the tail was cut off, before anything else comes. */
  readonly onRollback?: (rollback: NodeRollback) => void | Promise<void>;
  /** Called after the log was replaced: the application must build its state anew from it. */
  readonly onRestore?: (range: VlsnRange) => void | Promise<void>;
  /** What the application says of this node to others, 0..128 bytes. */
  readonly metadata?: Uint8Array;
  /** Of the membership. Default `lan()`. */
  readonly config?: SwimConfig;
  readonly joinRetry?: JoinRetry;
  readonly replication?: ReplicationOptions;
  /** Closes the node, without a goodbye. */
  readonly signal?: AbortSignal;
  /** 0 (inclusive) to 1 (exclusive). Default `Math.random`. */
  readonly random?: () => number;
}

/** How {@link ShoalNode.append} appends. */
export interface AppendOptions {
  /**
   * How many voters must hold the entries, this node included; default `majority`. With fewer
   * than that they may be lost when another node takes over.
   */
  readonly acks?: 'majority' | number;
  /** How long to wait for them, in ms; then `timeout`. Default: as long as it takes. */
  readonly timeout?: number;
  /** Ends the waiting with its reason; the entries are in the log by then. */
  readonly signal?: AbortSignal;
}

/** Where entries were appended. */
export interface Appended {
  readonly first: bigint;
  readonly last: bigint;
  /** The term in which they were. */
  readonly term: bigint;
}
