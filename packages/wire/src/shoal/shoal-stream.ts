import type { SyncupMessage } from '../syncup/syncup-message.ts';
import type { Goodbye } from './goodbye.ts';

/** `SHLS` read as a little-endian u32: the first bytes of a hello and of a welcome. */
export const SHOAL_STREAM_MAGIC = 0x534c4853;

/** The version of the protocol that this package speaks. */
export const SHOAL_STREAM_VERSION = 1;

/** The features that this package knows, as bits of `features`. */
export const SHOAL_FEATURES: {
  readonly restore: number;
  readonly heartbeats: number;
  readonly chained: number;
} = {
  /** Restore in chunks, resumable. */
  restore: 1,
  /** The feeder sends heartbeats. */
  heartbeats: 2,
  /** The feeder sends chained fingerprints with its entries, which the replica checks. */
  chained: 4,
};

/** An entry inside an `entries` message; its VLSN follows from its place. */
export interface ShoalStreamEntry {
  /** 0..255. */
  readonly type: number;
  /** A decoded one is a view of the frame's bytes. */
  readonly payload: Uint8Array;
}

/**
 * Every message of Shoal's own stream protocol, one a frame. All VLSNs but those of the
 * syncup messages are u64, 0 standing for "none"; terms are u64. The specification, with a
 * table a message, is in docs/wire-protocol.md.
 */
export type ShoalStreamMessage =
  | SyncupMessage
  /** Replica, first: who I am and what I speak. */
  | {
      readonly type: 'hello';
      /** The versions that the sender speaks, 0..255 each, lowest and highest. */
      readonly versionMin: number;
      readonly versionMax: number;
      /** The {@link SHOAL_FEATURES} that it has. */
      readonly features: number;
      /** The 32-bit tag of the cluster's label. */
      readonly label: number;
      /** The highest term that it has seen: a feeder of a lower one must not serve it. */
      readonly term: bigint;
      /** The replica's name, by which its acknowledgements are counted: 255 bytes of UTF-8. */
      readonly name: string;
    }
  /** Feeder's answer to a hello. */
  | {
      readonly type: 'welcome';
      /** The version that both speak from here on. */
      readonly version: number;
      /** The features that both have. */
      readonly features: number;
      readonly label: number;
      /** The term in which the feeder leads. */
      readonly term: bigint;
      /** The first and the last VLSN that it holds; 0 and 0 when its log is empty. */
      readonly first: bigint;
      readonly last: bigint;
    }
  /** Feeder: consecutive entries, the first of which has this VLSN. */
  | {
      readonly type: 'entries';
      readonly firstVlsn: bigint;
      readonly entries: readonly ShoalStreamEntry[];
    }
  /** Feeder, in place of entries: these are the whole next frame, see {@link encodeEntries}. */
  | {
      readonly type: 'chainedEntries';
      /** The chained fingerprint of the last one. */
      readonly fingerprint: bigint;
      readonly firstVlsn: bigint;
      /** How many there are: u32, 1 or more. */
      readonly count: number;
    }
  /** Replica: I have applied everything up to this VLSN. */
  | { readonly type: 'ack'; readonly vlsn: bigint }
  /** Feeder: what I hold. Replica, while it rolls back or imports: I am still at it. */
  | {
      readonly type: 'heartbeat';
      readonly term: bigint;
      /** The sender's last VLSN. */
      readonly last: bigint;
      /** The highest VLSN that a majority is known to hold. */
      readonly durable: bigint;
      /** The sender's clock, in milliseconds since 1970, 0..2^53-1. */
      readonly time: number;
    }
  /** Replica, in place of a restore request: go on with this snapshot at this byte. */
  | { readonly type: 'restoreResume'; readonly snapshot: bigint; readonly offset: number }
  /** Feeder: a snapshot of `size` bytes follows from byte `offset` on. */
  | {
      readonly type: 'restoreBegin';
      readonly snapshot: bigint;
      readonly size: number;
      readonly offset: number;
      /** The last VLSN inside it. */
      readonly last: bigint;
    }
  /** Feeder: the bytes of the snapshot from `offset` on. */
  | { readonly type: 'restoreChunk'; readonly offset: number; readonly bytes: Uint8Array }
  /** Feeder: that was all; the digest is that of the whole snapshot. */
  | { readonly type: 'restoreEnd'; readonly size: number; readonly digest: bigint }
  | Goodbye;
