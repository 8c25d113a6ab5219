import type { Archive, VlsnRange } from '@shoal/syncup';
import type { NodeError } from './errors.ts';
import type { Role } from './members/node-metadata.ts';

/** Another node, or a member of another kind, as it is known here. */
export interface NodeMember {
  /** Undefined when the member is no node. */
  readonly name: string | undefined;
  readonly address: string;
  /** Where it takes streams; undefined behind a gateway. */
  readonly streamAddress: string | undefined;
  /** Where it takes streams over WebSocket, if it does. */
  readonly webSocketAddress: string | undefined;
  readonly state: 'alive' | 'suspect' | 'down';
  readonly role: Role;
  /** The term in which it feeds or follows; of a `member` the highest that it has promised. */
  readonly term: bigint;
  /** What its application says of itself. */
  readonly metadata: Uint8Array;
}

/** What happens to a node, by name. */
export interface NodeEvents {
  /** A member joined, or came back. */
  readonly memberUp: { readonly member: NodeMember };
  /** It `failed`, or it `left`. */
  readonly memberDown: { readonly member: NodeMember; readonly reason: 'failed' | 'left' };
  /** It says something else of itself, such as its role. */
  readonly memberUpdated: { readonly member: NodeMember };
  /** It may have failed, and has some time to object. */
  readonly memberSuspected: { readonly member: NodeMember };
  readonly memberRefuted: { readonly member: NodeMember };
  /**
   * A node has come whose name an active one at another address has: this node, or another. That
   * is well for a moment, after a restart elsewhere. Else one of them must go: what one voter
   * promises and holds would count as the other's, and acknowledged entries could be lost.
   */
  readonly nameConflict: { readonly name: string; readonly addresses: readonly string[] };
  /** This node's role has changed. */
  readonly role: { readonly role: Role; readonly term: bigint };
  /** Another feeder, or another term of it, is followed or is this node; or none is known. */
  readonly leader: { readonly leader: string | undefined; readonly term: bigint };
  /** This node was chosen, and asks the voters for their promises. */
  readonly campaign: { readonly term: bigint };
  /** A voter has promised this node to refuse lower terms. */
  readonly voteReceived: { readonly voter: string; readonly term: bigint };
  /** This node has promised `candidate` to refuse terms below this one. */
  readonly voteGranted: { readonly candidate: string; readonly term: bigint };
  /** This node feeds no longer, for this reason: `fenced` by a later term, or chosen no longer. */
  readonly steppedDown: { readonly term: bigint; readonly error: NodeError };
  /** Entries are coming from this VLSN on. */
  readonly streaming: { readonly startVlsn: bigint; readonly leader: string };
  /** The diverged tail has been cut off and archived; the application has undone it. */
  readonly rollback: NodeRollback;
  /** The log has been replaced by a full copy. */
  readonly restored: { readonly range: VlsnRange };
  /** The connection to the feeder is over; another attempt follows, or none. */
  readonly disconnected: { readonly error: unknown; readonly retryIn: number | undefined };
  /** Replication stands still until the leader or its term changes, or this node starts anew. */
  readonly failed: { readonly error: NodeError };
}

/** What was rolled back, and why. */
export interface NodeRollback {
  /** The last VLSN that is left; 0: none. */
  readonly matchpoint: bigint;
  /** The entries to be undone, kept in the log's archives as well. */
  readonly discarded: Archive;
  /** How many transactions were undone that had ended. */
  readonly transactions: number;
  /** The feeder whose log differs; this node's own name for a batch that was never finished. */
  readonly leader: string;
}

/** An event with its name. */
export type NodeEvent = {
  [Name in keyof NodeEvents]: { readonly type: Name } & NodeEvents[Name];
}[keyof NodeEvents];

export type NodeEventType = keyof NodeEvents;
