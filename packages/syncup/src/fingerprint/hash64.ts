import { INPUT, INPUT_SIZE, RESULT } from './xxh64.ts';
import { xxh64 } from './xxh64-shared.ts';

/**
 * A 64-bit hash of bytes that come in pieces: XXH64 with seed 0. Not for adversaries: whoever
 * can choose the bytes can find collisions. Reuse one: {@link Hash64.reset} starts anew.
 */
export class Hash64 {
  readonly #accumulators: Uint8Array = new Uint8Array(32);
  /** What is left of the input so far when cut into stripes of 32 bytes. */
  readonly #tail: Uint8Array = new Uint8Array(32);
  #tailLength = 0;
  #length = 0;

  constructor() {
    this.reset();
  }

  reset(): void {
    const hash = xxh64();
    hash.bytes.fill(0, RESULT, RESULT + 8);
    hash.begin();
    this.#accumulators.set(hash.bytes.subarray(0, 32));
    this.#tailLength = this.#length = 0;
  }

  /** Takes the next bytes. */
  update(bytes: Uint8Array): void {
    this.#length += bytes.length;
    if (this.#tailLength + bytes.length < 32) {
      this.#tail.set(bytes, this.#tailLength);
      this.#tailLength += bytes.length;
      return;
    }
    const hash = xxh64();
    hash.bytes.set(this.#accumulators);
    hash.bytes.set(this.#tail.subarray(0, this.#tailLength), INPUT);
    let held = this.#tailLength;
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + INPUT_SIZE - held);
      hash.bytes.set(piece, INPUT + held);
      at += piece.length;
      const end = held + piece.length;
      held = end % 32;
      hash.stripes(INPUT, INPUT + end - held);
      hash.bytes.copyWithin(INPUT, INPUT + end - held, INPUT + end);
    }
    this.#accumulators.set(hash.bytes.subarray(0, 32));
    this.#tail.set(hash.bytes.subarray(INPUT, INPUT + held));
    this.#tailLength = held;
  }

  /** The hash of all that was taken, as a u64. More may follow. */
  digest(): bigint {
    const hash = xxh64();
    hash.bytes.set(this.#accumulators);
    hash.bytes.set(this.#tail, INPUT);
    hash.finish(INPUT, INPUT + this.#tailLength, this.#length);
    return hash.view.getBigUint64(RESULT, true);
  }
}
