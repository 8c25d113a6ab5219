import type { LogView } from './log/log-view.ts';

/** Times of elections, in ms. */
export interface ElectionTiming {
  /**
   * How long a voter waits for a leader before it campaigns: a random time in this range. A leader
   * that hears no majority for `min` steps down.
   */
  readonly electionTimeout: { readonly min: number; readonly max: number };
  /** How often a leader says that it leads. */
  readonly heartbeatInterval: number;
  /** The longest wait before an election once the stream of the leader has broken. */
  readonly hintDelay: number;
}

/** For local networks. */
export const DEFAULT_TIMING: ElectionTiming = {
  electionTimeout: { min: 1000, max: 2000 },
  heartbeatInterval: 200,
  hintDelay: 150,
};

/**
 * Who decides when a node campaigns: the nodes themselves; a choice from outside; or only the
 * driver, by calling `campaign`.
 */
export type ElectionMode = 'self' | 'chosen' | 'manual';

/** Options of a {@link Consensus} machine. */
export interface ConsensusOptions {
  /** Unique in the cluster. */
  readonly name: string;
  /** The random id that was made with this node's store, and is kept in it. */
  readonly storeId: string;
  /** A random text of this process. */
  readonly life: string;
  /** The highest voted term on stable storage; 0 if there is none. */
  readonly votedTerm: bigint;
  readonly log: LogView;
  /** The voters of a new cluster. The first one founds it, once all have an empty log and agree. */
  readonly founding?: readonly string[] | undefined;
  /** The default is `self`. */
  readonly elections?: ElectionMode | undefined;
  /** The default is {@link DEFAULT_TIMING}. */
  readonly timing?: ElectionTiming | undefined;
  /**
   * How far a term that a peer names may be above all that are known. A peer that lies must not use
   * up the terms. The default is 2^44.
   */
  readonly maxTermStep?: bigint | undefined;
  /** 0..1, like `Math.random`. */
  readonly random: () => number;
  /** The time, in ms, from any starting point. */
  readonly now: number;
}
