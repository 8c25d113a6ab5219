import type { SyncupMessage } from '../syncup/syncup-message.ts';
import type { Goodbye } from './goodbye.ts';

/** The version of the stream protocol that this package implements. */
export const SHOAL_STREAM_VERSION = 1;

/** The optional features of the protocol, as bits of `features`. */
export const SHOAL_FEATURES: {
  readonly restore: number;
  readonly heartbeats: number;
  readonly chained: number;
} = {
  /** A full copy in chunks, which can be resumed. */
  restore: 1,
  /** The feeder sends heartbeats. */
  heartbeats: 2,
  /** The feeder sends chained fingerprints with its entries, and the replica checks them. */
  chained: 4,
};

/** An entry in an `entries` message. Its VLSN is `firstVlsn` plus its index. */
export interface ShoalStreamEntry {
  /** 0..255. */
  readonly type: number;
  /** A decoded one is a view of the frame. */
  readonly payload: Uint8Array;
}

/**
 * The messages of Shoal's own stream protocol, one per frame. docs/wire-protocol.md specifies them.
 *
 * In the syncup messages a VLSN is an i64. In all others it is a u64, and 0 means "none". Terms are
 * u64. Sizes, offsets and times are 0..2^53-1.
 */
export type ShoalStreamMessage =
  | SyncupMessage
  | Goodbye
  /** The replica's first message: who it is and what it supports. */
  | {
      readonly type: 'hello';
      /** The lowest version that the replica supports, 0..255. */
      readonly versionMin: number;
      /** The highest version that the replica supports, 0..255. */
      readonly versionMax: number;
      /** The features (bits) that the replica supports. */
      readonly features: number;
      /** The 32-bit tag of the cluster's label. */
      readonly label: number;
      /**
       * The highest term that the replica has seen. A feeder with a lower term must not serve it.
       */
      readonly term: bigint;
      /** The name under which acknowledgements are counted: at most 255 bytes of UTF-8. */
      readonly name: string;
    }
  /** The feeder's answer to a hello. */
  | {
      readonly type: 'welcome';
      /** The version that both sides use from now on. */
      readonly version: number;
      /** The features that both sides support. */
      readonly features: number;
      /** The 32-bit tag of the cluster's label. */
      readonly label: number;
      /** The term of the feeder. */
      readonly term: bigint;
      /** The first VLSN that the feeder has, or 0 if its log is empty. */
      readonly first: bigint;
      /** The last VLSN that the feeder has, or 0 if its log is empty. */
      readonly last: bigint;
    }
  /** From the feeder: consecutive entries, the first of which has the VLSN `firstVlsn`. */
  | {
      readonly type: 'entries';
      readonly firstVlsn: bigint;
      readonly entries: readonly ShoalStreamEntry[];
    }
  /** From the feeder, instead of `entries`: the next frame has the entries, see `encodeEntries`. */
  | {
      readonly type: 'chainedEntries';
      /** The chained fingerprint of the last entry. */
      readonly fingerprint: bigint;
      readonly firstVlsn: bigint;
      /** The number of entries: a u32 of at least 1. */
      readonly count: number;
    }
  /** From the replica: it has applied all entries up to this VLSN. */
  | { readonly type: 'ack'; readonly vlsn: bigint }
  /** From the feeder: what it has. From a replica that rolls back or restores: it is alive. */
  | {
      readonly type: 'heartbeat';
      readonly term: bigint;
      /** The last VLSN of the sender. */
      readonly last: bigint;
      /** The highest VLSN that a majority is known to have. */
      readonly durable: bigint;
      /** The clock of the sender, in milliseconds since 1970. */
      readonly time: number;
    }
  /** From the replica, instead of a restore request: continue this snapshot at this byte. */
  | { readonly type: 'restoreResume'; readonly snapshot: bigint; readonly offset: number }
  /** From the feeder: a snapshot of `size` bytes follows, from byte `offset` on. */
  | {
      readonly type: 'restoreBegin';
      readonly snapshot: bigint;
      readonly size: number;
      readonly offset: number;
      /** The last VLSN in the snapshot. */
      readonly last: bigint;
    }
  /** From the feeder: the bytes of the snapshot from `offset` on. */
  | { readonly type: 'restoreChunk'; readonly offset: number; readonly bytes: Uint8Array }
  /** From the feeder: the snapshot is complete. The digest is that of the whole snapshot. */
  | { readonly type: 'restoreEnd'; readonly size: number; readonly digest: bigint };
