import { type Xxh64State, xxh64 } from './xxh64.ts';

/**
 * A 64-bit hash of bytes that come in pieces: XXH64 with seed 0. It detects damage, not
 * manipulation: anyone who can choose the bytes can find collisions.
 */
export class Hash64 {
  readonly #state: Xxh64State = xxh64().begin();

  /** Takes the next bytes. */
  update(bytes: Uint8Array): void {
    xxh64().update(this.#state, bytes);
  }

  /** The hash of all bytes so far, a u64. More may follow. */
  digest(): bigint {
    return xxh64().digest(this.#state);
  }
}
