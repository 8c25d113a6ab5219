import type { ElectionTiming } from '@shoal/consensus';
import type { MembershipOptions } from '@shoal/membership/driver';
import type { EntryKinds, LogStore } from '@shoal/syncup';
import type { FeederOptions, ReplicaOptions } from '@shoal/syncup/driver';
import type { DatagramTransport, Listener, StreamTransport } from '@shoal/transport';
import type { EncryptedDatagrams } from '@shoal/transport-node';
import type { NodeRollback } from './events.ts';
import type { Leadership } from './leadership/leadership.ts';
import type { NodeMember } from './members/node-member.ts';
import type { DialedAddress } from './members/peer-dialer.ts';
import type { NamesOf } from './members/proved-name.ts';

/** How a node replicates. Defaults are those of `startReplica` and `startFeeder`. */
export interface ReplicationOptions
  extends Pick<
      ReplicaOptions,
      | 'heartbeatInterval'
      | 'idleTimeout'
      | 'stepTimeout'
      | 'maxPendingBytes'
      | 'rollback'
      | 'barrier'
      | 'restore'
      | 'crc32'
    >,
    Pick<FeederOptions, 'batchBytes'> {
  /**
   * How many entries may wait for acknowledgements. A batch that would exceed this is refused,
   * unless none wait. Default 65,536.
   */
  readonly maxPendingEntries?: number | undefined;
  /** When the voters elect a leader, in ms. Default `DEFAULT_TIMING` of `@shoal/consensus`. */
  readonly elections?: Partial<ElectionTiming> | undefined;
  /** The waits between attempts to connect to the leader, see {@link ReplicaOptions.reconnect}. */
  readonly reconnect?: Exclude<ReplicaOptions['reconnect'], false>;
}

/** The encryption of a node's datagrams: see `encryptDatagrams` of `@shoal/transport-node`. */
export type DatagramEncryption = Pick<EncryptedDatagrams, 'mode' | 'stats'>;

/** Options of {@link startNode}: everything that a node needs from its platform. */
export interface PortableNodeOptions
  extends Pick<
      MembershipOptions,
      'seeds' | 'label' | 'config' | 'joinRetry' | 'maxGenerationLead' | 'signal' | 'random'
    >,
    Pick<ReplicaOptions, 'onEntries' | 'onRestore'> {
  /** 1..64 bytes of UTF-8, unique in the cluster, and the same after a restart. */
  readonly name: string;
  /**
   * Whether to take in a member that is not known yet. Asked again whenever the member is heard of.
   * Must be fast, not throw, and not call the node. Default: all are taken in.
   */
  readonly admit?: ((member: NodeMember) => boolean) | undefined;
  /** Carries the packets of the membership. The node owns it and closes it. */
  readonly datagrams: DatagramTransport;
  /** The encryption of `datagrams`, for `ShoalNode.encryption`. Default: none. */
  readonly encryption?: DatagramEncryption | undefined;
  /** Dials the streams of other nodes. A node with a log needs it. Default: none. */
  readonly streams?: StreamTransport | undefined;
  /** Where this node accepts streams. The node owns and closes them. Default: nowhere. */
  readonly listeners?: readonly Listener[] | undefined;
  /** The address at which others reach this node. Default: the address of `datagrams`. */
  readonly address?: string | undefined;
  /** The address at which others reach its streams. Default: `address`. */
  readonly streamAddress?: string | undefined;
  /** The address at which others reach its streams over WebSocket. Default: none. */
  readonly webSocketAddress?: string | undefined;
  /** Which address of a member `streams` dials: `streamAddress` or `webSocketAddress`. Default `tcp`. */
  readonly dials?: DialedAddress | undefined;
  /** The replicated log. Stays open when the node closes. Default: none. */
  readonly log?: LogStore | undefined;
  /** Which entries of the log are sync points and commits. Default `SHOAL_ENTRY_KINDS`. */
  readonly kinds?: EntryKinds | undefined;
  /**
   * The voters of a new cluster, the same list on all of them. The first one founds the cluster once
   * all of them are there, each with an empty log. From then on the log says who votes: see
   * `ShoalNode.changeVoters`. Default: none; this node follows, and can be made a voter.
   */
  readonly voters?: readonly string[] | undefined;
  /**
   * Which node names a peer may use, by what it has proved: votes, acknowledgements and logs under
   * any other name are refused. Default: the names in its certificate, or any name if it has none.
   */
  readonly namesOf?: NamesOf | undefined;
  /** Decides which node leads, the same on all nodes. Default: the voters elect a leader themselves. */
  readonly leadership?: Leadership | undefined;
  /**
   * Called with the log before this node joins and before anything changes: bring the
   * application's state up to date here. An error that it throws makes the start fail.
   */
  readonly onOpen?: ((log: LogStore) => void | Promise<void>) | undefined;
  /** Called after the tail of the log was cut off, before any new entry: undo `discarded`. */
  readonly onRollback?: ((rollback: NodeRollback) => void | Promise<void>) | undefined;
  /** What the application says about this node to others, 0..128 bytes. Default: nothing. */
  readonly metadata?: Uint8Array | undefined;
  /** See {@link ReplicationOptions}. */
  readonly replication?: ReplicationOptions | undefined;
}

/** Options of {@link ShoalNode.append}. */
export interface AppendOptions {
  /**
   * How many voters must hold the entries, this node included: from 1 to the number of voters.
   * Default `majority`. With fewer, a later leader may lack the entries.
   */
  readonly acks?: 'majority' | number | undefined;
  /** How long to wait for them, in ms; `append` then rejects with `timeout`. Default: no limit. */
  readonly timeout?: number | undefined;
  /** Ends the wait with its reason. By then the entries are in the log. */
  readonly signal?: AbortSignal | undefined;
}

/** A change of the voters: see `ShoalNode.changeVoters`. */
export interface VoterChange {
  /** Who becomes a voter, once it has caught up. */
  readonly add?: readonly string[] | undefined;
  /** Who stops being a voter. A name in both lists comes back with a new store. */
  readonly remove?: readonly string[] | undefined;
}

/** Options of {@link ShoalNode.changeVoters}. */
export interface ChangeVotersOptions {
  /** How long the change may take, in ms. Default 30,000. */
  readonly timeout?: number | undefined;
  /** Ends the wait with its reason. The change goes on. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link ShoalNode.transferLeadership}. */
export interface TransferOptions {
  /** How long the next leader may take to catch up and take over, in ms. Default 5000. */
  readonly timeout?: number | undefined;
  /** Ends the wait with its reason. The transfer goes on. */
  readonly signal?: AbortSignal | undefined;
}

/** Where entries were appended. */
export interface AppendResult {
  /** The VLSN of the first entry. */
  readonly first: bigint;
  /** The VLSN of the last entry. */
  readonly last: bigint;
  /** The term in which they were appended. */
  readonly term: bigint;
}
