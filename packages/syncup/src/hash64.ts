// MurmurHash3_x86_128 (Austin Appleby, public domain), of which the first 64 bits are used:
// four 32-bit lanes need no bigint, and every language has it. Not for adversaries: whoever can
// choose entries can find collisions.

const C1 = 0x239b961b;
const C2 = 0xab0e9789;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93;

function mix(h: number): number {
  let x = h;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/**
 * A 64-bit hash of bytes that come in pieces: the first 8 bytes of MurmurHash3_x86_128 with
 * seed 0, read as two little-endian u32. Reuse one: {@link Hash64.reset} starts anew.
 */
export class Hash64 {
  #h1 = 0;
  #h2 = 0;
  #h3 = 0;
  #h4 = 0;
  #length = 0;
  /** What is left of the input so far when cut into blocks of 16 bytes. */
  readonly #tail: Uint8Array = new Uint8Array(16);
  #tailLength = 0;
  /** The result of {@link Hash64.finish}: the low and the high u32. */
  low = 0;
  high = 0;

  reset(): void {
    this.#h1 = this.#h2 = this.#h3 = this.#h4 = this.#length = this.#tailLength = 0;
  }

  /** Takes a block of four u32, little-endian; only at a multiple of 16 bytes. */
  block(k1: number, k2: number, k3: number, k4: number): void {
    let h1 = this.#h1 ^ Math.imul(rotl(Math.imul(k1, C1), 15), C2);
    h1 = (Math.imul((rotl(h1, 19) + this.#h2) | 0, 5) + 0x561ccd1b) | 0;
    let h2 = this.#h2 ^ Math.imul(rotl(Math.imul(k2, C2), 16), C3);
    h2 = (Math.imul((rotl(h2, 17) + this.#h3) | 0, 5) + 0x0bcaa747) | 0;
    let h3 = this.#h3 ^ Math.imul(rotl(Math.imul(k3, C3), 17), C4);
    h3 = (Math.imul((rotl(h3, 15) + this.#h4) | 0, 5) + 0x96cd1c35) | 0;
    let h4 = this.#h4 ^ Math.imul(rotl(Math.imul(k4, C4), 18), C1);
    h4 = (Math.imul((rotl(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0;
    this.#h1 = h1;
    this.#h2 = h2;
    this.#h3 = h3;
    this.#h4 = h4;
    this.#length += 16;
  }

  /** Takes the next bytes. */
  update(bytes: Uint8Array): void {
    const end = bytes.length;
    let at = 0;
    if (this.#tailLength > 0) {
      const take = Math.min(16 - this.#tailLength, end);
      this.#tail.set(bytes.subarray(0, take), this.#tailLength);
      this.#tailLength += take;
      at = take;
      if (this.#tailLength < 16) return;
      this.#tailLength = 0;
      this.#blocks(this.#tail, 0, 16);
    }
    const whole = at + ((end - at) & ~15);
    this.#blocks(bytes, at, whole);
    for (at = whole; at < end; at++) this.#tail[this.#tailLength++] = bytes[at]!;
  }

  #blocks(b: Uint8Array, from: number, to: number): void {
    for (let i = from; i < to; i += 16) {
      this.block(
        b[i]! | (b[i + 1]! << 8) | (b[i + 2]! << 16) | (b[i + 3]! << 24),
        b[i + 4]! | (b[i + 5]! << 8) | (b[i + 6]! << 16) | (b[i + 7]! << 24),
        b[i + 8]! | (b[i + 9]! << 8) | (b[i + 10]! << 16) | (b[i + 11]! << 24),
        b[i + 12]! | (b[i + 13]! << 8) | (b[i + 14]! << 16) | (b[i + 15]! << 24),
      );
    }
  }

  /** Ends the input and sets {@link Hash64.low} and {@link Hash64.high}. */
  finish(): void {
    let [h1, h2, h3, h4] = [this.#h1, this.#h2, this.#h3, this.#h4];
    const t = this.#tail;
    const left = this.#tailLength;
    if (left > 0) {
      t.fill(0, left);
      const word = (i: number): number =>
        t[i]! | (t[i + 1]! << 8) | (t[i + 2]! << 16) | (t[i + 3]! << 24);
      if (left > 12) h4 ^= Math.imul(rotl(Math.imul(word(12), C4), 18), C1);
      if (left > 8) h3 ^= Math.imul(rotl(Math.imul(word(8), C3), 17), C4);
      if (left > 4) h2 ^= Math.imul(rotl(Math.imul(word(4), C2), 16), C3);
      h1 ^= Math.imul(rotl(Math.imul(word(0), C1), 15), C2);
    }
    const length = this.#length + left;
    h1 ^= length;
    h2 ^= length;
    h3 ^= length;
    h4 ^= length;
    h1 = (h1 + h2 + h3 + h4) | 0;
    h2 = (h2 + h1) | 0;
    h3 = (h3 + h1) | 0;
    h4 = (h4 + h1) | 0;
    h1 = mix(h1);
    h2 = mix(h2);
    h1 = (h1 + h2 + mix(h3) + mix(h4)) | 0;
    this.low = h1 >>> 0;
    this.high = (h2 + h1) >>> 0;
  }

  /** {@link Hash64.finish}, and the result as a u64. */
  digest(): bigint {
    this.finish();
    return (BigInt(this.high) << 32n) | BigInt(this.low);
  }
}

function rotl(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by));
}
