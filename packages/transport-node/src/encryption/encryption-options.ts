import type { DatagramTransport } from '@shoal/transport';
import type { Keyring } from './keyring.ts';

/**
 * - `strict`: sends encrypted datagrams and refuses plain ones.
 * - `migrate`: sends encrypted datagrams and accepts both.
 * - `prepare`: sends plain datagrams and accepts both.
 *
 * To switch from plain to encrypted in a running cluster, set all members to `prepare`, then all to
 * `migrate`, then all to `strict`.
 */
export type EncryptionMode = 'strict' | 'migrate' | 'prepare';

/** Options of `encryptDatagrams`. */
export interface EncryptionOptions {
  /** The keys. Changes to the keyring take effect at once. */
  readonly keyring: Keyring;
  /**
   * The name of the cluster, 1..255 bytes of UTF-8. Members of a cluster with a different name are
   * refused, even if they have the key.
   */
  readonly label: string;
  /** Default `strict`. */
  readonly mode?: EncryptionMode | undefined;
  /**
   * How far the clocks of members may differ, in ms, from 1000. Datagrams from further in the past
   * or the future are refused, which stops replays to a restarted member. Default: not checked.
   */
  readonly maxClockSkew?: number | undefined;
  /**
   * The most senders whose replays are detected; one that has been silent is evicted. Default 8192,
   * maximum 1048576.
   */
  readonly maxSenders?: number | undefined;
  /** The time in ms since 1970. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** Counts since the transport was wrapped. */
export interface EncryptionStats {
  /** Datagrams that were encrypted. */
  readonly sealed: number;
  /** Datagrams that were decrypted. */
  readonly opened: number;
  /** Plain datagrams that were accepted, in a mode that does so. */
  readonly plain: number;
  /** Datagrams that were refused, by reason. */
  readonly refused: {
    /** Not encrypted, in a mode that does not accept that. */
    readonly plain: number;
    /** Truncated, or of an unknown version. */
    readonly malformed: number;
    /** Encrypted with a key that is not in the keyring. */
    readonly key: number;
    /** Not made with the key and label of this cluster: altered, or from another cluster. */
    readonly forged: number;
    /** Received before, or too far behind the newest datagram of its sender to know. */
    readonly replayed: number;
    /** Sent outside of `maxClockSkew`. */
    readonly stale: number;
  };
}

/** A {@link DatagramTransport} whose datagrams cannot be read or forged without the key. */
export interface EncryptedDatagrams extends DatagramTransport {
  /** May be changed at any time; takes effect at once. */
  mode: EncryptionMode;
  /** A copy of the counters. */
  stats(): EncryptionStats;
}
