import { type DatagramTransport, type KnownMembers, TransportError } from '@shoal/transport';
import { wholeNumber } from '@shoal/transport/internal';
import {
  DatagramOpener,
  DatagramSealer,
  encodeLabel,
  isEncrypted,
  OVERHEAD,
  type Refusal,
} from './datagram-cipher.ts';
import type {
  EncryptedDatagrams,
  EncryptionMode,
  EncryptionOptions,
  EncryptionStats,
} from './encryption-options.ts';

/**
 * Encrypts and authenticates the datagrams of any transport with AES-256-GCM, which adds 43 bytes
 * to each. Takes over `transport`: its handler, and closing it.
 *
 * Replays are refused as long as their sender is remembered; `maxClockSkew` also covers those after
 * a restart. Throws `argument` for a label or option out of range, or if `transport` carries no
 * more than 43 bytes.
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
      const limit = `the limit of ${this.maxDatagramSize} with encryption`;
      throw new TransportError('size', `a datagram of ${bytes.length} bytes exceeds ${limit}`);
    }
    if (this.mode === 'prepare') return this.#transport.send(to, bytes);
    this.#stats.sealed++;
    return this.#transport.send(to, this.#sealer.seal(bytes, this.#seconds()));
  }

  unreachable(to: string): TransportError | undefined {
    return this.#transport.unreachable?.(to);
  }

  /** The transport beneath learns who the members are, but cannot read their datagrams. */
  useMembers(members: KnownMembers): void {
    this.#transport.useMembers?.({ has: (address) => members.has(address) });
  }

  receive(handler: (from: string, bytes: Uint8Array) => void): void {
    this.#transport.receive((from, bytes) => {
      // Not `!== 'strict'`: an unknown mode must not accept plain datagrams.
      const acceptsPlain = this.mode === 'migrate' || this.mode === 'prepare';
      if (acceptsPlain && !isEncrypted(bytes)) {
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
