import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { TransportError } from '@shoal/transport';

/** A key of the keyring. */
interface Key {
  /** Tells the receiver which key to use. Public: these four bytes reveal nothing about the key. */
  readonly id: number;
  readonly secret: KeyObject;
  /** Makes and checks the sessions of datagrams. */
  readonly checkKey: KeyObject;
}

/** The length of a key in bytes, as AES-256 requires. */
export const KEY_LENGTH = 32;

/** An id as text: see {@link Keyring.ids}. */
const ID = /^[0-9a-f]{8}$/;

/**
 * The secret keys of a cluster, 32 random bytes each. The primary key encrypts; all keys decrypt.
 * To change the key without losing datagrams, `add` the new key on all members, then `use` it on
 * all, then `remove` the old one.
 */
export class Keyring {
  readonly #keys = new Map<number, Key>();
  readonly #onRemove = new Set<(id: string) => void>();
  #primary: Key;

  /**
   * Throws `argument` if a key does not have 32 bytes, or if two different keys have the same id,
   * which for random keys has a probability of 2^-32.
   */
  constructor(primary: Uint8Array, others: readonly Uint8Array[] = []) {
    this.#primary = this.#insert(primary);
    for (const key of others) this.#insert(key);
  }

  /** The public ids of the keys, the primary one first. Each has 8 hexadecimal digits. */
  get ids(): string[] {
    const rest = [...this.#keys.keys()].filter((id) => id !== this.#primary.id);
    return [this.#primary.id, ...rest].map(idText);
  }

  /** Adds a key that decrypts. Throws `argument` as the constructor does. */
  add(key: Uint8Array): void {
    this.#insert(key);
  }

  /**
   * Makes a key the primary one, and adds it if it is new. Throws `argument` as the constructor
   * does.
   */
  use(key: Uint8Array): void {
    this.#primary = this.#insert(key);
  }

  /**
   * Removes a key, if it is in the keyring. Throws `argument` for the primary key, or one that does
   * not have 32 bytes.
   */
  remove(key: Uint8Array): void {
    const { id } = describe(key);
    if (id === this.#primary.id) {
      throw new TransportError(
        'argument',
        'the primary key cannot be removed: use another key first',
      );
    }
    if (!this.#keys.delete(id)) return;
    for (const listener of [...this.#onRemove]) listener(idText(id));
  }

  /** The id of the key to encrypt with. */
  get primaryId(): number {
    return this.#primary.id;
  }

  /** Whether there is a key with this id. */
  has(id: number): boolean {
    return this.#keys.has(id);
  }

  /**
   * A number of two bytes that only holders of the key with this id can tell from the random part
   * of a session.
   */
  sessionCheck(id: number, session: Uint8Array): number {
    const { checkKey } = this.#keys.get(id)!;
    return createHmac('sha256', checkKey).update(session).digest().readUInt16BE(0);
  }

  /** The key of one session of a sender; undefined if there is no key with this id. */
  derive(id: number, session: Uint8Array): KeyObject | undefined {
    const key = this.#keys.get(id);
    return key && createSecretKey(expand(key.secret, session, 'shoal datagram 1', KEY_LENGTH));
  }

  /**
   * The key for streams between members of the cluster with this label, by the public id of one of
   * the keys; undefined if there is none.
   */
  streamKey(id: string, label: Uint8Array): Buffer | undefined {
    const key = ID.test(id) ? this.#keys.get(Number.parseInt(id, 16)) : undefined;
    return key && expand(key.secret, label, 'shoal stream 1', KEY_LENGTH);
  }

  /** Calls `listener` with the id of each key that is removed, until the returned function is called. */
  onRemove(listener: (id: string) => void): () => void {
    this.#onRemove.add(listener);
    return () => this.#onRemove.delete(listener);
  }

  #insert(bytes: Uint8Array): Key {
    const key = describe(bytes);
    const known = this.#keys.get(key.id);
    if (known && !known.secret.equals(key.secret)) {
      // For two random keys the probability is 2^-32.
      const text = 'a different key has the same id: generate another key';
      throw new TransportError('argument', text);
    }
    this.#keys.set(key.id, known ?? key);
    return known ?? key;
  }
}

function describe(bytes: Uint8Array): Key {
  if (bytes.length !== KEY_LENGTH) {
    throw new TransportError(
      'argument',
      `a key must have ${KEY_LENGTH} bytes, not ${bytes.length}`,
    );
  }
  const secret = createSecretKey(bytes);
  const id = expand(secret, new Uint8Array(0), 'shoal key id', 4).readUInt32BE(0);
  const check = expand(secret, new Uint8Array(0), 'shoal session check 1', KEY_LENGTH);
  return { id, secret, checkKey: createSecretKey(check) };
}

function idText(id: number): string {
  return id.toString(16).padStart(8, '0');
}

/** HKDF-SHA256 (RFC 5869). */
function expand(secret: KeyObject, salt: Uint8Array, info: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, info, length));
}
