import { type DatagramTransport, TransportError } from '@shoal/transport';
import { wholeNumber } from '@shoal/transport/internal';
import {
  DatagramOpener,
  DatagramSealer,
  encodeLabel,
  isEncrypted,
  OVERHEAD,
  type Refusal,
} from './datagram-cipher.ts';
import type { Keyring } from './keyring.ts';

/**
 * - `strict`: sends encrypted datagrams and refuses plain ones.
 * - `migrate`: sends encrypted ones and accepts both.
 * - `prepare`: sends plain ones and accepts both.
 *
 * A running cluster goes from plain to encrypted by taking all members to `prepare`, then all to
 * `migrate`, then all to `strict`.
 */
export type EncryptionMode = 'strict' | 'migrate' | 'prepare';

/** Options of {@link encryptDatagrams}. */
export interface EncryptionOptions {
  /** The keys. Changes to the ring take effect at once. */
  readonly keyring: Keyring;
  /**
   * The cluster's name, 1..255 bytes of UTF-8: a member of another cluster is refused even if it
   * has the key.
   */
  readonly label: string;
  /** Default `strict`. */
  readonly mode?: EncryptionMode | undefined;
  /**
   * How far the clocks of members may differ, in ms, at least 1000. Datagrams sent longer ago, or
   * later, are refused, which stops replays to a member that was restarted. Default: not checked.
   */
  readonly maxClockSkew?: number | undefined;
  /** For how many senders replays are detected; the most silent is forgotten. Default 8192. */
  readonly maxSenders?: number | undefined;
  /** The time in ms since 1970. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** Counters since the transport was wrapped. */
export interface EncryptionStats {
  readonly sealed: number;
  readonly opened: number;
  /** Plain datagrams that were accepted, in a mode that does. */
  readonly plain: number;
  /**
   * What was refused: `plain` ones; `malformed` (cut, or an unknown version); `key`: under a key
   * that is not in the ring; `forged`: not made with that key and label; `replayed`; `stale`.
   */
  readonly refused: Readonly<Record<Refusal, number>>;
}

/** A {@link DatagramTransport} whose datagrams nobody without the key can read or make. */
export interface EncryptedDatagrams extends DatagramTransport {
  /** May be changed at any time. */
  mode: EncryptionMode;
  stats(): EncryptionStats;
}

/**
 * Encrypts and authenticates the datagrams of any transport with AES-256-GCM, at 43 bytes each.
 * Closing it closes the transport.
 *
 * Replays are refused while their sender is remembered: see `maxClockSkew` for those after a
 * restart. Throws `argument` for a label or option out of range.
 */
export function encryptDatagrams(
  transport: DatagramTransport,
  options: EncryptionOptions,
): EncryptedDatagrams {
  return new Encrypted(transport, options);
}

class Encrypted implements EncryptedDatagrams {
  readonly maxDatagramSize: number;
  mode: EncryptionMode;
  readonly #transport: DatagramTransport;
  readonly #sealer: DatagramSealer;
  readonly #opener: DatagramOpener;
  readonly #skew: number;
  readonly #now: () => number;
  readonly #stats = { sealed: 0, opened: 0, plain: 0 };
  readonly #refused: Record<Refusal, number> = {
    plain: 0,
    malformed: 0,
    key: 0,
    forged: 0,
    replayed: 0,
    stale: 0,
  };

  constructor(transport: DatagramTransport, options: EncryptionOptions) {
    const label = encodeLabel(options.label);
    const maxSenders = wholeNumber(options, 'maxSenders', { preset: 8192, min: 1, max: 2 ** 20 });
    this.#skew = wholeNumber(options, 'maxClockSkew', { preset: 0, min: 1000 }) / 1000;
    this.maxDatagramSize = transport.maxDatagramSize - OVERHEAD;
    if (this.maxDatagramSize < 1) {
      const text = `datagrams of ${transport.maxDatagramSize} bytes are too small to encrypt`;
      throw new TransportError('argument', text);
    }
    this.mode = options.mode ?? 'strict';
    this.#transport = transport;
    this.#sealer = new DatagramSealer(options.keyring, label);
    this.#opener = new DatagramOpener(options.keyring, label, maxSenders);
    this.#now = options.now ?? Date.now;
  }

  get localAddress(): string {
    return this.#transport.localAddress;
  }

  send(to: string, bytes: Uint8Array): boolean {
    if (bytes.length > this.maxDatagramSize) {
      const text = `a datagram of ${bytes.length} bytes is over the ${this.maxDatagramSize}`;
      throw new TransportError('size', `${text} that are left by encryption`);
    }
    if (this.mode === 'prepare') return this.#transport.send(to, bytes);
    this.#stats.sealed++;
    return this.#transport.send(to, this.#sealer.seal(bytes, this.#seconds()));
  }

  receive(handler: (from: string, bytes: Uint8Array) => void): void {
    this.#transport.receive((from, bytes) => {
      // Not `!== 'strict'`: whatever else a caller may set must not open the door.
      const open = this.mode === 'migrate' || this.mode === 'prepare';
      if (open && !isEncrypted(bytes)) {
        this.#stats.plain++;
        return handler(from, bytes);
      }
      const seconds = this.#skew > 0 ? this.#seconds() : 0;
      const oldest = this.#skew > 0 ? seconds - this.#skew : 0;
      const newest = this.#skew > 0 ? seconds + this.#skew : Number.POSITIVE_INFINITY;
      const plain = this.#opener.open(bytes, oldest, newest);
      if (typeof plain === 'string') {
        this.#refused[plain]++;
        return;
      }
      this.#stats.opened++;
      handler(from, plain);
    });
  }

  stats(): EncryptionStats {
    return { ...this.#stats, refused: { ...this.#refused } };
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #seconds(): number {
    return Math.floor(this.#now() / 1000) >>> 0;
  }
}
