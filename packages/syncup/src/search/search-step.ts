import type { SyncupEntry } from '@shoal/wire';
import type { LogEntry } from '../log/log-store.ts';

/** How a `MatchpointSearch` goes about it. */
export interface MatchpointSearchOptions {
  /** The first VLSN of the replica's log from which on nothing is missing, 1 or more. */
  readonly first: bigint;
  /** The last sync point of the replica's log, 1 or more. */
  readonly lastSync: bigint;
  /**
   * `gallop` (default): double the distance until a match, then bisect. `descending`: strictly
   * downward, never the same twice, for feeders that can only read backward (Berkeley DB JE).
   */
  readonly strategy?: 'gallop' | 'descending';
  /** How many requests may be on their way at once, 1..1024. Default 64; 1 for one at a time. */
  readonly flight?: number;
  /** Whether one match proves all below. When false (default), a few are asked for to see. */
  readonly chained?: boolean;
  /** Whether LSNs must be equal too. Default true; not so between Noxu nodes. */
  readonly compareLsn?: boolean;
  /** 0 (inclusive) to 1 (exclusive), for the samples. Default: the middle, always. */
  readonly random?: () => number;
}

/** What a `MatchpointSearch` wants next. */
export type SearchStep =
  /** For each of these VLSNs the replica's sync point at or before: `lookedUp`. */
  | { readonly type: 'lookup'; readonly at: readonly bigint[] }
  /** The feeder's answers to a request for each of these, in this order: `answered`. */
  | { readonly type: 'ask'; readonly entries: readonly LogEntry[] }
  | {
      readonly type: 'done';
      /** The highest sync point that both logs hold. */
      readonly matchpoint: LogEntry | undefined;
      /** The lowest VLSN that was asked for. */
      readonly lastTried: bigint;
      /** False when the logs match above a mismatch, and every sync point was tried instead. */
      readonly ordered: boolean;
      /** How many flights, and how many requests in all, it took. */
      readonly flights: number;
      readonly requests: number;
    };

/** What the feeder answered. */
export type SearchReply =
  | { readonly type: 'entry'; readonly entry: SyncupEntry }
  | { readonly type: 'notFound' }
  | { readonly type: 'alternate'; readonly entry: SyncupEntry };
