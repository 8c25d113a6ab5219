import type { Configuration } from './log/configuration.ts';
import type { Position } from './log/position.ts';

/** Would this voter grant `term`? It changes nothing at the voter. Source: Raft thesis, 9.6. */
export interface PreVoteRequest {
  readonly type: 'preVoteRequest';
  readonly term: bigint;
  readonly logId: string | undefined;
}

export interface PreVoteReply {
  readonly type: 'preVoteReply';
  /** The term that was asked for. */
  readonly term: bigint;
  readonly granted: boolean;
  readonly votedTerm: bigint;
  readonly position: Position;
  /** The configuration in force at the voter. */
  readonly configuration: Configuration | undefined;
}

/** A candidate asks for the vote of `term`: to refuse all lower terms, and others in it. */
export interface VoteRequest {
  readonly type: 'voteRequest';
  readonly term: bigint;
  /** The random number of the candidate's process. */
  readonly life: string;
  readonly logId: string | undefined;
  /** The voters of a new cluster, if the candidate founds one. */
  readonly founding?: readonly string[] | undefined;
}

/** A vote, which is on stable storage, and where the voter's log ended when it was given. */
export interface Grant {
  readonly type: 'grant';
  readonly term: bigint;
  /** The candidate's, from its request: a vote for an earlier process does not count. */
  readonly life: string;
  readonly storeId: string;
  readonly position: Position;
}

/** Why a request, or a leader, is refused. */
export type RefusalReason = 'voted' | 'other-log' | 'other-voters' | 'impossible-term';

/** A vote is not granted, or a leader is not followed. */
export interface Refusal {
  readonly type: 'refusal';
  /** The term that is refused. */
  readonly term: bigint;
  readonly reason: RefusalReason;
  /** The highest term in which the sender has voted. */
  readonly votedTerm: bigint;
  readonly storeId: string;
}

/** A leader says that it leads, and how far its log is committed. */
export interface Heartbeat {
  readonly type: 'heartbeat';
  readonly term: bigint;
  readonly commit: bigint;
  readonly logId: string | undefined;
}

/** A follower holds the leader's log up to `index` on stable storage. */
export interface Acknowledgement {
  readonly type: 'acknowledgement';
  readonly term: bigint;
  readonly storeId: string;
  readonly index: bigint;
}

/** A leader hands over: the receiver campaigns at once. Source: Raft thesis, 3.10. */
export interface CampaignNow {
  readonly type: 'campaignNow';
  readonly term: bigint;
}

/** What nodes tell each other. The sender is known from the connection. */
export type Message =
  | PreVoteRequest
  | PreVoteReply
  | VoteRequest
  | Grant
  | Refusal
  | Heartbeat
  | Acknowledgement
  | CampaignNow;
