import type { Archive, LogReport, VlsnRange } from '@shoal/syncup';
import type { NodeError } from './errors.ts';
import type { NodeMember } from './members/node-member.ts';
import type { Role } from './members/node-metadata.ts';

/** What a {@link ShoalNode} reports. */
export type NodeEvent =
  /**
   * A node joined, or came back in the same life after it was declared down: `previous` is then how
   * it was known.
   */
  | {
      readonly type: 'memberUp';
      readonly member: NodeMember;
      readonly previous?: NodeMember | undefined;
    }
  /**
   * A node has restarted, at the same address or at another one. Whatever it kept in memory is
   * gone. `previous` is its earlier life; its state is `down` if that was reported before.
   */
  | {
      readonly type: 'memberRestarted';
      readonly member: NodeMember;
      readonly previous: NodeMember;
    }
  /** A node failed, left, or was `replaced`: a node of another name has its address now. */
  | {
      readonly type: 'memberDown';
      readonly member: NodeMember;
      readonly reason: 'failed' | 'left' | 'replaced';
    }
  /**
   * An active node changed what it says about itself, such as its role, or moved to another
   * address. `previous` is how it was known.
   */
  | {
      readonly type: 'memberUpdated';
      readonly member: NodeMember;
      readonly previous: NodeMember;
    }
  /** A member may have failed, and has some time to refute the suspicion. */
  | { readonly type: 'memberSuspected'; readonly member: NodeMember }
  /** A suspected member proved that it is alive. */
  | { readonly type: 'memberRefuted'; readonly member: NodeMember }
  /**
   * Active nodes at different addresses have the same name; this node may be one of them. Only the
   * one that started last is listed in {@link ShoalNode.members}. For a moment after a restart at
   * another address, that is normal. Otherwise stop one of them: the votes and acknowledgements of
   * one voter would count as the other's, and acknowledged entries could be lost.
   */
  | { readonly type: 'nameConflict'; readonly name: string; readonly addresses: readonly string[] }
  /** Only one node has this name again, at this address; none if `address` is undefined. */
  | {
      readonly type: 'nameConflictEnded';
      readonly name: string;
      readonly address: string | undefined;
    }
  /** This node's role or term has changed. */
  | { readonly type: 'role'; readonly role: Role; readonly term: bigint }
  /** The leader or its term has changed, or no leader is known. The leader may be this node. */
  | { readonly type: 'leader'; readonly leader: string | undefined; readonly term: bigint }
  /** Who votes has changed in the log of this node. A change counts before it is committed. */
  | { readonly type: 'voters'; readonly voters: readonly string[] }
  /** This node asks the voters for their votes. */
  | { readonly type: 'campaign'; readonly term: bigint }
  /** A voter has voted for this node. */
  | { readonly type: 'voteReceived'; readonly voter: string; readonly term: bigint }
  /** This node has voted for a candidate: it now refuses lower terms. */
  | { readonly type: 'voteGranted'; readonly candidate: string; readonly term: bigint }
  /** This node no longer leads. `fenced`: a later term, or no longer chosen; else `log`, `closed`. */
  | { readonly type: 'steppedDown'; readonly term: bigint; readonly error: NodeError }
  /** Entries of the leader are arriving, from this VLSN on. */
  | { readonly type: 'streaming'; readonly startVlsn: bigint; readonly leader: string }
  /** The diverged tail was cut off and archived, and the application has undone it. */
  | ({ readonly type: 'rollback' } & NodeRollback)
  /** A full copy has replaced the log. */
  | { readonly type: 'restored'; readonly range: VlsnRange }
  /**
   * What a peer asked for was refused, and nothing changed. `untrusted`: it used the name of
   * another node; `impossible-term`: the term is too far above all that this node knows.
   */
  | { readonly type: 'peerRefused'; readonly address: string; readonly error: NodeError }
  /** The connection to the leader ended. The next attempt follows after `retryIn` ms, if any. */
  | {
      readonly type: 'disconnected';
      readonly error: NodeError;
      readonly retryIn: number | undefined;
    }
  /** The log deleted an archive, or refuses appends, to stay within its limits. */
  | { readonly type: 'logLimit'; readonly report: LogReport }
  /** Replication has stopped until the leader or its term changes, or this node restarts. */
  | { readonly type: 'failed'; readonly error: NodeError };

/** What was rolled back, and why. */
export interface NodeRollback {
  /** The last VLSN that is left; 0 if none is. */
  readonly matchpoint: bigint;
  /** The entries to undo. The log keeps them in its archives. */
  readonly discarded: Archive;
  /** How many complete transactions were undone. */
  readonly transactions: number;
  /** The leader whose log differs; this node's own name for a batch that was never completed. */
  readonly leader: string;
}
