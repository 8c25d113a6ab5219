import type { Configuration } from './log/configuration.ts';
import type { Position } from './log/position.ts';
import type { Message, RefusalReason } from './messages.ts';

/** What the driver is to do, in this order. */
export type ConsensusOutput =
  /** Send a message. Loss, delay, repetition and reordering are harmless. */
  | { readonly type: 'send'; readonly to: string; readonly message: Message }
  /** Send a message to all nodes that vote or follow. */
  | { readonly type: 'broadcast'; readonly message: Message }
  /** Put the voted term on stable storage, then call `voteStored`. */
  | { readonly type: 'storeVote'; readonly term: bigint }
  /** Stop all that reads or changes the log for others, then call `rested`. */
  | { readonly type: 'rest' }
  /** Serve the log, which is at rest, to this candidate, in this term. */
  | { readonly type: 'serve'; readonly to: string; readonly term: bigint }
  /**
   * Roll back to what the log shares with that of `from`, take the rest of it, then call `copied`.
   * Call it too, with `complete: false`, when the source refuses, is gone, or sends nothing for a while.
   * Take nothing unless the source serves its log in this term, from this store: another store under
   * its name may hold nothing.
   */
  | {
      readonly type: 'copy';
      readonly from: string;
      readonly term: bigint;
      readonly storeId: string;
      /** Where the log of the source ends. */
      readonly position: Position;
    }
  /**
   * Cut the log back to `cut`, append the mark of the term, and `configuration` as a second batch,
   * if there is one; the log is new then, and gets an id. Sync it, feed the log, call `began`.
   */
  | {
      readonly type: 'lead';
      readonly term: bigint;
      readonly cut: bigint;
      readonly configuration: Configuration | undefined;
    }
  /**
   * Roll back to what the log shares with that of the leader, call `matched`, and take its entries
   * from there: call `appended` and `synced`.
   */
  | { readonly type: 'follow'; readonly leader: string; readonly term: bigint }
  /** Append a configuration as a batch of its own, then call `appended` and `synced`. */
  | { readonly type: 'append'; readonly configuration: Configuration }
  /** All entries up to `index` are committed. */
  | { readonly type: 'commit'; readonly index: bigint }
  /** Something to tell the user. */
  | { readonly type: 'report'; readonly report: ConsensusReport };

/** What a user may want to know. */
export type ConsensusReport =
  | { readonly type: 'campaign'; readonly term: bigint }
  | { readonly type: 'voteGranted'; readonly term: bigint; readonly candidate: string }
  | { readonly type: 'voteReceived'; readonly term: bigint; readonly voter: string }
  /** This node no longer leads. */
  | { readonly type: 'steppedDown'; readonly term: bigint; readonly reason: StepDownReason }
  /** The leader has not been heard for the longest election timeout. */
  | { readonly type: 'leaderSilent'; readonly leader: string }
  /** The configuration in force has changed; it may not be committed yet. */
  | { readonly type: 'configuration'; readonly configuration: Configuration | undefined }
  /** A change of the voters has ended: all of it is committed, or `error` says why not. */
  | { readonly type: 'votersChanged'; readonly error: VoterChangeFailure | undefined }
  /** The target of a transfer has not taken over in time: this node goes on to lead. */
  | { readonly type: 'transferFailed'; readonly to: string }
  /** Another node was refused, or has refused this one. Nothing has changed. */
  | { readonly type: 'refused'; readonly name: string; readonly reason: RefusalReason }
  /** A node under the name of a voter has another store than that voter: it does not count. */
  | { readonly type: 'otherStore'; readonly name: string; readonly storeId: string }
  /** The choice from outside names this node, but its log does not name it as a voter. */
  | { readonly type: 'chosenButNoVoter' }
  /** The choice from outside names this node, but another one leads in the terms of that choice. */
  | { readonly type: 'chosenButLed'; readonly leader: string }
  /** The choice from outside belongs to terms that have passed. */
  | { readonly type: 'choicePassed'; readonly votedTerm: bigint };

/** Why a leader no longer leads. */
export type StepDownReason = 'later-term' | 'no-majority' | 'not-chosen' | 'removed' | 'resigned';

/** A change of the voters that was given up. */
export interface VoterChangeFailure {
  readonly code: 'timeout' | 'leader-lost';
  /** Who would have been needed, and did not answer. */
  readonly missing: readonly string[];
}
