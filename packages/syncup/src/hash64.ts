// MurmurHash3_x86_128 (Austin Appleby, public domain), of which the first 64 bits are used:
// four 32-bit lanes need no bigint, and every language has it. Not for adversaries: whoever can
// choose entries can find collisions.

const C1 = 0x239b961b;
const C2 = 0xab0e9789;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93;

/**
 * Input is copied here first, 4 KiB at a time: to read words is four times as fast as bytes.
 * One for all hashes: nothing is left in it between calls.
 */
const WORDS: Int32Array = /* @__PURE__ */ new Int32Array(1024);
const BYTES: Uint8Array = /* @__PURE__ */ new Uint8Array(WORDS.buffer);
const LITTLE_ENDIAN: boolean = /* @__PURE__ */ isLittleEndian();

function isLittleEndian(): boolean {
  return new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
}

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
    WORDS[0] = k1;
    WORDS[1] = k2;
    WORDS[2] = k3;
    WORDS[3] = k4;
    this.#blocks(4);
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
      this.#copied(this.#tail);
    }
    const whole = at + ((end - at) & ~15);
    if (at === 0 && whole === end && end <= BYTES.length) this.#copied(bytes);
    else {
      for (; at < whole; at += BYTES.length) {
        this.#copied(bytes.subarray(at, Math.min(whole, at + BYTES.length)));
      }
    }
    for (at = whole; at < end; at++) this.#tail[this.#tailLength++] = bytes[at]!;
  }

  /** Takes whole blocks, as many as fit into {@link BYTES}. */
  #copied(bytes: Uint8Array): void {
    const length = bytes.length;
    if (LITTLE_ENDIAN) BYTES.set(bytes);
    else {
      for (let i = 0; i < length; i += 4) {
        WORDS[i >> 2] =
          bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
      }
    }
    this.#blocks(length >> 2);
  }

  /** Takes the first `count` of {@link WORDS}, a multiple of 4. */
  #blocks(count: number): void {
    const w = WORDS;
    let h1 = this.#h1;
    let h2 = this.#h2;
    let h3 = this.#h3;
    let h4 = this.#h4;
    for (let i = 0; i < count; i += 4) {
      h1 ^= Math.imul(rotl(Math.imul(w[i]!, C1), 15), C2);
      h1 = (Math.imul((rotl(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0;
      h2 ^= Math.imul(rotl(Math.imul(w[i + 1]!, C2), 16), C3);
      h2 = (Math.imul((rotl(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0;
      h3 ^= Math.imul(rotl(Math.imul(w[i + 2]!, C3), 17), C4);
      h3 = (Math.imul((rotl(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0;
      h4 ^= Math.imul(rotl(Math.imul(w[i + 3]!, C4), 18), C1);
      h4 = (Math.imul((rotl(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0;
    }
    this.#h1 = h1;
    this.#h2 = h2;
    this.#h3 = h3;
    this.#h4 = h4;
    this.#length += count * 4;
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
