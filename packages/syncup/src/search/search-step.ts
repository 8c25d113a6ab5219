import type { SyncupEntry } from '@shoal/wire';
import type { LogEntry } from '../log/log-store.ts';

/** Options of a `MatchpointSearch`. */
export interface MatchpointSearchOptions {
  /** The lowest VLSN from which on the replica's log lacks no entry, from 1. */
  readonly first: bigint;
  /** The last sync point of the replica's log, from 1. */
  readonly lastSync: bigint;
  /**
   * `gallop` (default) doubles the distance until it finds a match, then bisects. `descending`
   * walks strictly downward, for feeders that can only read backward (Berkeley DB JE).
   */
  readonly strategy?: 'gallop' | 'descending' | undefined;
  /** How many requests may be in flight at once: 1 to 1024. Default 64. */
  readonly flight?: number | undefined;
  /**
   * Whether fingerprints are chained, so that one match proves every entry below. If not (default),
   * the search also samples entries below the match.
   */
  readonly chained?: boolean | undefined;
  /** Whether LSNs must be equal too. Default true. Noxu nodes need false. */
  readonly compareLsn?: boolean | undefined;
  /** Chooses samples: a number from 0 (inclusive) to 1 (exclusive). Default: always 0.5. */
  readonly random?: (() => number) | undefined;
}

/** What a `MatchpointSearch` needs next. */
export type SearchStep =
  /** For each VLSN, the replica's sync point at or before it. Answer with `lookedUp`. */
  | { readonly type: 'lookup'; readonly at: readonly bigint[] }
  /** The feeder's reply to a request for each entry, in this order. Answer with `answered`. */
  | { readonly type: 'ask'; readonly entries: readonly LogEntry[] }
  | {
      readonly type: 'done';
      /** The highest sync point that both logs hold; undefined if there is none. */
      readonly matchpoint: LogEntry | undefined;
      /** The lowest VLSN that was compared. */
      readonly lastTried: bigint;
      /** False if a match was found above a mismatch, so that every sync point was tried. */
      readonly ordered: boolean;
      /** How many flights of requests it took, and how many requests in all. */
      readonly flights: number;
      readonly requests: number;
    };

/** The feeder's reply to one request. */
export type SearchReply =
  | { readonly type: 'entry'; readonly entry: SyncupEntry }
  | { readonly type: 'notFound' }
  | { readonly type: 'alternate'; readonly entry: SyncupEntry };
