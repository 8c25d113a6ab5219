import { ByteWriter } from '@shoal/wire';
import { CLEAR, END, FIRST_WIDTH, LAST_WIDTH, MAX_CODES } from './codes.ts';

/** The size of the hash table, in bits of an index: four times as many slots as there are codes. */
const TABLE_BITS = 14;

/**
 * Compresses `bytes` with LZW, to the same bytes as the writer of Go's compress/lzw (LSB, literal
 * width 8).
 */
export function lzwCompress(bytes: Uint8Array): Uint8Array {
  const output = new CodeWriter(bytes.length);
  const pairs = new PairTable();
  pairs.clear();
  output.write(CLEAR);
  let prefix = -1;
  for (const byte of bytes) {
    if (prefix < 0) {
      prefix = byte;
      continue;
    }
    const known = pairs.find(prefix, byte);
    if (known >= 0) {
      prefix = known;
      continue;
    }
    output.write(prefix);
    if (output.advance()) pairs.clear();
    else pairs.add(output.lastCode);
    prefix = byte;
  }
  if (prefix >= 0) {
    output.write(prefix);
    output.advance();
  }
  output.write(END);
  return output.finish();
}

/** Writes codes of a growing number of bits, the least significant bit first. */
class CodeWriter {
  /** The code of the newest pair. */
  lastCode = END;
  readonly #writer: ByteWriter;
  #width = FIRST_WIDTH;
  #bits = 0;
  #bitCount = 0;

  constructor(capacity: number) {
    this.#writer = new ByteWriter({ capacity: capacity + 16 });
  }

  write(code: number): void {
    this.#bits |= code << this.#bitCount;
    this.#bitCount += this.#width;
    while (this.#bitCount >= 8) {
      this.#writer.u8(this.#bits & 0xff);
      this.#bits >>>= 8;
      this.#bitCount -= 8;
    }
  }

  /**
   * Assigns the next code. Returns true if that was the last one: then it is not assigned, a clear
   * code is written, and all starts over.
   */
  advance(): boolean {
    this.lastCode++;
    if (this.lastCode === 1 << this.#width && this.#width < LAST_WIDTH) this.#width++;
    if (this.lastCode < MAX_CODES - 1) return false;
    this.write(CLEAR);
    this.#width = FIRST_WIDTH;
    this.lastCode = END;
    return true;
  }

  finish(): Uint8Array {
    if (this.#bitCount > 0) this.#writer.u8(this.#bits & 0xff);
    return this.#writer.copy();
  }
}

/**
 * The slots of the hash table, shared by all calls. A pair takes 20 bits, its code 12. No pair has
 * code 0, so 0 is a free slot.
 */
const SLOTS: Uint32Array = /* @__PURE__ */ new Uint32Array(1 << TABLE_BITS);

/** The codes of pairs of a code and the byte after it: a hash table with linear probing. */
class PairTable {
  #pair = 0;
  #slot = 0;

  /** The code of a pair, or -1. */
  find(prefix: number, byte: number): number {
    const pair = (prefix << 8) | byte;
    let slot = Math.imul(pair, 0x9e3779b1) >>> (32 - TABLE_BITS);
    for (;;) {
      const found = SLOTS[slot]!;
      if (found === 0) break;
      if (found >>> 12 === pair) return found & 0xfff;
      slot = (slot + 1) & ((1 << TABLE_BITS) - 1);
    }
    this.#pair = pair;
    this.#slot = slot;
    return -1;
  }

  /** Assigns a code to the pair that `find` has just not found. */
  add(code: number): void {
    SLOTS[this.#slot] = ((this.#pair << 12) | code) >>> 0;
  }

  clear(): void {
    SLOTS.fill(0);
  }
}
