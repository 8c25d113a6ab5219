import {
  createCipheriv,
  createDecipheriv,
  type DecipherGCM,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { TransportError } from '@shoal/transport';
import type { EncryptionStats } from './encryption-options.ts';
import type { Keyring } from './keyring.ts';
import { ReplayWindow } from './replay-window.ts';

/*
 * An encrypted datagram, numbers big-endian:
 *
 *   magic    2 bytes  e5 1d
 *   version  u8       1
 *   key id   u32      HKDF-SHA256(key, salt "", info "shoal key id", 4 bytes)
 *   session  10 bytes random, drawn when a sender starts and every 2^28 datagrams
 *   check    2 bytes  the first ones of HMAC-SHA256(check key, session); the check key is
 *                     HKDF-SHA256(key, salt "", info "shoal session check 1", 32 bytes)
 *   number   u32      counts the datagrams of the session
 *   time     u32      when the datagram was sent, in seconds since 1970
 *   ciphertext, as long as the plain text
 *   tag      16 bytes
 *
 * The cipher is AES-256-GCM. The key is HKDF-SHA256(key, salt session and check, info
 * "shoal datagram 1", 32 bytes), the nonce is eight zero bytes and `number`, and the associated data is the header of 27
 * bytes followed by the cluster's label in UTF-8.
 *
 * All members share one key, so each session derives its own. With random nonces under the shared
 * key, the whole cluster would have to stop after 2^32 datagrams (NIST SP 800-38D, 8.3): within hours
 * in a large one.
 *
 * To derive a key costs several times as much as to decrypt a datagram. The check keeps strangers
 * from making a node do it: a made-up session passes once in 65,536 times.
 */
const MAGIC_0 = 0xe5;
const MAGIC_1 = 0x1d;
const VERSION = 1;
const KEY_ID = 3;
const SESSION = 7;
const CHECK = 17;
const NUMBER = 19;
const TIME = 23;
const HEADER = 27;
const TAG = 16;
const TAGGED = { authTagLength: TAG };

/** How many bytes encryption adds to a datagram. */
export const OVERHEAD: number = HEADER + TAG;

/**
 * How many datagrams a session has. At 92 blocks each, 2^28 datagrams stay below the 2^36 blocks that
 * keep an attacker's advantage under 2^-57, which is the margin of TLS 1.3 (RFC 8446, 5.5).
 */
const PER_SESSION = 2 ** 28;

/** Why a datagram was refused. */
export type Refusal = keyof EncryptionStats['refused'];

/** Whether a datagram begins like an encrypted one. */
export function isEncrypted(bytes: Uint8Array): boolean {
  return bytes[0] === MAGIC_0 && bytes[1] === MAGIC_1;
}

/** Options of a {@link DatagramSealer}, for tests. */
export interface DatagramSealerOptions {
  /** Default: `randomBytes` of `node:crypto`. */
  readonly random?: ((length: number) => Uint8Array) | undefined;
  /** How many datagrams a session has. Default 2^28. */
  readonly perSession?: number | undefined;
}

/** Encrypts the datagrams of one sender. */
export class DatagramSealer {
  readonly #keyring: Keyring;
  readonly #random: (length: number) => Uint8Array;
  readonly #perSession: number;
  /** The header, then the label. */
  readonly #associated: Buffer;
  readonly #nonce = Buffer.alloc(12);
  #key: KeyObject | undefined;
  #keyId = -1;
  #number: number;

  constructor(keyring: Keyring, label: Uint8Array, options: DatagramSealerOptions = {}) {
    const { random = randomBytes, perSession = PER_SESSION } = options;
    this.#keyring = keyring;
    this.#random = random;
    this.#perSession = perSession;
    this.#number = perSession;
    this.#associated = Buffer.alloc(HEADER + label.length);
    this.#associated.set([MAGIC_0, MAGIC_1, VERSION]);
    this.#associated.set(label, HEADER);
  }

  /** Returns the encrypted datagram. `time` is in seconds since 1970. */
  seal(plain: Uint8Array, time: number): Uint8Array {
    const header = this.#associated;
    if (this.#number === this.#perSession) {
      header.set(this.#random(CHECK - SESSION), SESSION);
      this.#number = 0;
      this.#key = undefined;
    }
    if (!this.#key || this.#keyId !== this.#keyring.primaryId) {
      this.#keyId = this.#keyring.primaryId;
      header.writeUInt32BE(this.#keyId, KEY_ID);
      const check = this.#keyring.sessionCheck(this.#keyId, header.subarray(SESSION, CHECK));
      header.writeUInt16BE(check, CHECK);
      this.#key = this.#keyring.derive(this.#keyId, header.subarray(SESSION, NUMBER))!;
    }
    const number = this.#number++;
    header.writeUInt32BE(number, NUMBER);
    header.writeUInt32BE(time, TIME);
    this.#nonce.writeUInt32BE(number, 8);
    const cipher = createCipheriv('aes-256-gcm', this.#key, this.#nonce, TAGGED);
    cipher.setAAD(header);
    // From Node's pool: allocating a buffer would cost as much as the encryption.
    const sealed = Buffer.allocUnsafe(OVERHEAD + plain.length);
    for (let i = 0; i < HEADER; i++) sealed[i] = header[i]!;
    sealed.set(cipher.update(plain), HEADER);
    cipher.final();
    sealed.set(cipher.getAuthTag(), HEADER + plain.length);
    return new Uint8Array(sealed.buffer, sealed.byteOffset, sealed.length);
  }
}

interface Sender {
  readonly key: KeyObject;
  readonly window: ReplayWindow;
  /** Whether something came since the last search for a sender to evict. */
  active: boolean;
}

/** Decrypts the datagrams of all senders, each datagram once. */
export class DatagramOpener {
  readonly #keyring: Keyring;
  readonly #associated: Buffer;
  readonly #maxSenders: number;
  readonly #nonce = Buffer.alloc(12);
  /** By key id and session. Only a sender that has proved to have the key gets an entry. */
  readonly #senders = new Map<string, Sender>();

  constructor(keyring: Keyring, label: Uint8Array, maxSenders: number) {
    this.#keyring = keyring;
    this.#associated = Buffer.alloc(HEADER + label.length);
    this.#associated.set([MAGIC_0, MAGIC_1, VERSION]);
    this.#associated.set(label, HEADER);
    this.#maxSenders = maxSenders;
  }

  /**
   * Returns the plain text, or why the datagram is refused. `oldest` and `newest` limit when it may
   * have been sent, in seconds since 1970.
   */
  open(bytes: Uint8Array, oldest: number, newest: number): Uint8Array | Refusal {
    if (!isEncrypted(bytes)) return 'plain';
    if (bytes.length < OVERHEAD || bytes[2] !== VERSION) return 'malformed';
    const header = this.#associated;
    // For so few bytes a loop is faster than creating a view.
    for (let i = KEY_ID; i < HEADER; i++) header[i] = bytes[i]!;
    const keyId = header.readUInt32BE(KEY_ID);
    if (!this.#keyring.has(keyId)) return 'key';
    const time = header.readUInt32BE(TIME);
    if (time < oldest || time > newest) return 'stale';
    const number = header.readUInt32BE(NUMBER);
    const name = header.toString('latin1', KEY_ID, NUMBER);
    const known = this.#senders.get(name);
    if (known?.window.seen(number)) return 'replayed';
    const key = known?.key ?? this.#keyOf(keyId, header);
    if (key === undefined) return 'forged';
    this.#nonce.writeUInt32BE(number, 8);
    const decipher = createDecipheriv('aes-256-gcm', key, this.#nonce, TAGGED);
    const end = bytes.length - TAG;
    decipher.setAAD(header);
    decipher.setAuthTag(bytes.subarray(end));
    const plain = decipher.update(bytes.subarray(HEADER, end));
    if (!isGenuine(decipher)) return 'forged';
    const sender = known ?? this.#remember(name, key);
    sender.active = true;
    sender.window.add(number);
    return new Uint8Array(plain.buffer, plain.byteOffset, plain.length);
  }

  /** The key of a sender's session. Undefined if nobody with the key has made that session. */
  #keyOf(keyId: number, header: Buffer): KeyObject | undefined {
    const check = this.#keyring.sessionCheck(keyId, header.subarray(SESSION, CHECK));
    if (check !== header.readUInt16BE(CHECK)) return undefined;
    return this.#keyring.derive(keyId, header.subarray(SESSION, NUMBER));
  }

  #remember(name: string, key: KeyObject): Sender {
    const sender: Sender = { key, window: new ReplayWindow(), active: true };
    if (this.#senders.size >= this.#maxSenders) this.#evict();
    this.#senders.set(name, sender);
    return sender;
  }

  /** Evicts the oldest sender that has been silent since the last search (the CLOCK algorithm). */
  #evict(): void {
    for (const [name, sender] of this.#senders) {
      this.#senders.delete(name);
      if (!sender.active) return;
      sender.active = false;
      this.#senders.set(name, sender);
    }
  }
}

/** Whether the tag is right. Without a stack trace, the error costs half as much. */
function isGenuine(decipher: DecipherGCM): boolean {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    decipher.final();
    return true;
  } catch {
    return false;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The label in UTF-8. Throws `argument` unless it has 1..255 bytes. */
export function encodeLabel(label: string): Uint8Array {
  const bytes = new TextEncoder().encode(label);
  if (bytes.length >= 1 && bytes.length <= 255) return bytes;
  throw new TransportError('argument', `a label must have 1..255 bytes, not ${bytes.length}`);
}
