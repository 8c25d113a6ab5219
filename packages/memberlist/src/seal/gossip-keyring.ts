import { WireError } from '@shoal/wire';

/** How many bytes a key may have: those of AES-128, AES-192 and AES-256. */
const KEY_LENGTHS: readonly number[] = [16, 24, 32];

/**
 * The secret keys of a cluster, of 16, 24 or 32 bytes each. The first one, the primary key, encrypts;
 * all are tried in order to decrypt.
 *
 * To change the key without losing packets, `add` the new key on all members, then `use` it on all,
 * then `remove` the old one.
 */
export class GossipKeyring {
  #keys: readonly Uint8Array[];

  /** Throws a `WireError` with code `length` for a key of another length. */
  constructor(primary: Uint8Array, others: readonly Uint8Array[] = []) {
    this.#keys = [];
    for (const key of [primary, ...others]) this.add(key);
  }

  /** The keys, the primary one first. */
  get keys(): readonly Uint8Array[] {
    return this.#keys;
  }

  /**
   * Adds a key that decrypts, unless it is there. Throws a `WireError` with code `length` unless it
   * has 16, 24 or 32 bytes.
   */
  add(key: Uint8Array): void {
    if (!KEY_LENGTHS.includes(key.length)) {
      throw new WireError('length', 0, `a key of 16, 24 or 32 bytes, not ${key.length}`);
    }
    if (this.#indexOf(key) < 0) this.#keys = [...this.#keys, key.slice()];
  }

  /**
   * Makes a key the primary one. Returns false, and changes nothing, if it is not in the keyring.
   */
  use(key: Uint8Array): boolean {
    const index = this.#indexOf(key);
    if (index < 0) return false;
    const primary = this.#keys[index]!;
    this.#keys = [primary, ...this.#keys.filter((each) => each !== primary)];
    return true;
  }

  /**
   * Removes a key. Returns false, and changes nothing, if it is the primary one. A key that is not in
   * the keyring counts as removed.
   */
  remove(key: Uint8Array): boolean {
    const index = this.#indexOf(key);
    if (index === 0) return false;
    this.#keys = this.#keys.filter((_, i) => i !== index);
    return true;
  }

  #indexOf(key: Uint8Array): number {
    return this.#keys.findIndex(
      (each) => each.length === key.length && each.every((byte, i) => byte === key[i]),
    );
  }
}
