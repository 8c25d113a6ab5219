/** What a check covers. Everything that can happen within the bounds is tried, in every order. */
export interface CheckBounds {
  /** The names of all nodes. */
  readonly nodes: readonly string[];
  /** The first voters; by default all nodes. */
  readonly voters?: readonly string[] | undefined;
  /** Begin without a cluster: the first voter founds it. */
  readonly founding?: boolean | undefined;
  readonly maxTerm: number;
  /** The most entries in a log, the first configuration among them. */
  readonly maxEntries: number;
  /** The most batches of data in a log. */
  readonly maxBatches?: number | undefined;
  /** How many entries a batch has; 1 by default. */
  readonly batchSize?: number | undefined;
  /** The most configurations in a log, the first one among them; 1 by default. */
  readonly maxConfigurations?: number | undefined;
  /** How often a process dies, in all. */
  readonly crashes?: number | undefined;
  /** How often a node loses its store and comes back under its name, in all. */
  readonly wipes?: number | undefined;
  /** Whether entries are appended before they are synced, and lost by a crash in between. */
  readonly unsynced?: boolean | undefined;
  /** Whether a vote is stored some time after it was asked for, or lost by a crash before. */
  readonly slowVotes?: boolean | undefined;
  /** Who campaigns; by default everybody. */
  readonly candidates?: readonly string[] | undefined;
  /** Which voters to add or to remove; by default all nodes. */
  readonly changes?: readonly string[] | undefined;
  /** Keep acknowledgements of terms in which nobody leads any more. */
  readonly keepOldAcknowledgements?: boolean | undefined;
}
