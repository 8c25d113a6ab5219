import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { TransportError } from '@shoal/transport';

/** A key of the ring. */
interface Key {
  /** Public: tells the receiver which key to take; four bytes that say nothing about the rest. */
  readonly id: number;
  readonly secret: KeyObject;
}

/** How long a key is, in bytes: AES-256. */
export const KEY_LENGTH = 32;

/**
 * The secret keys of a cluster, 32 random bytes each. The primary one encrypts; every one of them
 * decrypts. To change keys without a break, wait between the steps until all members have taken
 * each: `add` the new key, `use` it, `remove` the old one.
 */
export class Keyring {
  readonly #keys = new Map<number, Key>();
  #primary: Key;

  /** Throws `argument` for a key that is not 32 bytes long. */
  constructor(primary: Uint8Array, others: readonly Uint8Array[] = []) {
    this.#primary = this.#insert(primary);
    for (const key of others) this.#insert(key);
  }

  /** The public ids of the keys as 8 hexadecimal digits, the primary one first. */
  get ids(): string[] {
    const rest = [...this.#keys.keys()].filter((id) => id !== this.#primary.id);
    return [this.#primary.id, ...rest].map((id) => id.toString(16).padStart(8, '0'));
  }

  /** Decrypts with this key too. Throws `argument` for a bad key. */
  add(key: Uint8Array): void {
    this.#insert(key);
  }

  /** Encrypts with this key from now on, which is added if need be. Throws `argument`. */
  use(key: Uint8Array): void {
    this.#primary = this.#insert(key);
  }

  /** Decrypts with this key no more. Throws `argument` for the primary key; unknown ones are gone. */
  remove(key: Uint8Array): void {
    const { id } = describe(key);
    if (id === this.#primary.id) {
      throw new TransportError('argument', 'the primary key cannot be removed: use another first');
    }
    this.#keys.delete(id);
  }

  /** The id of the key to encrypt with. */
  get primaryId(): number {
    return this.#primary.id;
  }

  has(id: number): boolean {
    return this.#keys.has(id);
  }

  /** The key for one sender's session, `undefined` when there is no key of that id. */
  derive(id: number, session: Uint8Array): KeyObject | undefined {
    const key = this.#keys.get(id);
    return key && createSecretKey(expand(key.secret, session, 'shoal datagram 1', KEY_LENGTH));
  }

  #insert(bytes: Uint8Array): Key {
    const key = describe(bytes);
    const known = this.#keys.get(key.id);
    if (known && !known.secret.equals(key.secret)) {
      // One in 2^32 for each pair of random keys.
      throw new TransportError('argument', 'two different keys have the same id: take another key');
    }
    this.#keys.set(key.id, known ?? key);
    return known ?? key;
  }
}

function describe(bytes: Uint8Array): Key {
  if (bytes.length !== KEY_LENGTH) {
    throw new TransportError('argument', `a key is ${KEY_LENGTH} bytes, not ${bytes.length}`);
  }
  const secret = createSecretKey(bytes);
  const id = expand(secret, new Uint8Array(0), 'shoal key id', 4).readUInt32BE(0);
  return { id, secret };
}

/** HKDF-SHA256 (RFC 5869). */
function expand(secret: KeyObject, salt: Uint8Array, info: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, info, length));
}
