import { WireError } from '@shoal/wire';
import { CLEAR, END, FIRST_WIDTH, LAST_WIDTH, MAX_CODES } from './codes.ts';

/**
 * Decompresses what Go's compress/lzw wrote (LSB, literal width 8). Bytes after the end code are
 * ignored, as Go ignores them.
 *
 * Memory grows with what has been decompressed. Throws a `WireError` with code `length` for more
 * than `maxLength` bytes, `range` for a code that is not assigned yet, and `truncated` if the input
 * ends before its end code. Offsets are those of `compressed`.
 */
export function lzwDecompress(compressed: Uint8Array, maxLength: number): Uint8Array {
  const codes = new CodeReader(compressed);
  const output = new Output(maxLength, compressed.length);
  const table = new CodeTable();
  for (;;) {
    const code = codes.read();
    if (code === END) return output.bytes.slice(0, output.length);
    if (code === CLEAR) {
      table.clear();
      codes.width = FIRST_WIDTH;
      continue;
    }
    const length = table.lengthOf(code);
    if (length === 0) codes.fail('range', `a code of at most ${table.next}, not ${code}`);
    const end = output.reserve(length);
    if (end < 0) codes.fail('length', `at most ${maxLength} bytes after decompression`);
    table.expand(code, output.bytes, end);
    if (table.next === 1 << codes.width && codes.width < LAST_WIDTH) codes.width++;
  }
}

/** Reads codes of a changing number of bits, the least significant bit first. */
class CodeReader {
  width = FIRST_WIDTH;
  readonly #bytes: Uint8Array;
  #at = 0;
  #bits = 0;
  #bitCount = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(): number {
    while (this.#bitCount < this.width) {
      if (this.#at === this.#bytes.length) this.fail('truncated', 'an end code');
      this.#bits |= this.#bytes[this.#at++]! << this.#bitCount;
      this.#bitCount += 8;
    }
    const code = this.#bits & ((1 << this.width) - 1);
    this.#bits >>>= this.width;
    this.#bitCount -= this.width;
    return code;
  }

  fail(code: 'range' | 'length' | 'truncated', expected: string): never {
    throw new WireError(code, this.#at, expected);
  }
}

/** The bytes decompressed so far, in a buffer that grows with them. */
class Output {
  bytes: Uint8Array;
  length = 0;
  readonly #maxLength: number;

  constructor(maxLength: number, inputLength: number) {
    this.#maxLength = maxLength;
    this.bytes = new Uint8Array(Math.min(maxLength, 3 * inputLength));
  }

  /** Makes room for `count` bytes, and returns the offset after them, or -1 if they are too many. */
  reserve(count: number): number {
    const end = this.length + count;
    if (end > this.#maxLength) return -1;
    if (end > this.bytes.length) {
      const bigger = new Uint8Array(Math.min(this.#maxLength, Math.max(end, 2 * this.length)));
      bigger.set(this.bytes.subarray(0, this.length));
      this.bytes = bigger;
    }
    this.length = end;
    return end;
  }
}

// Shared by all calls, which use only what they have assigned: a packet may hold thousands of tiny
// compressed parts, and should not make a table for each.
const PREFIXES: Uint16Array = /* @__PURE__ */ new Uint16Array(MAX_CODES);
const SUFFIXES: Uint8Array = /* @__PURE__ */ new Uint8Array(MAX_CODES);
const LENGTHS: Uint16Array = /* @__PURE__ */ new Uint16Array(MAX_CODES);

/** What each code stands for: the bytes of an earlier code, and one more. */
class CodeTable {
  /** The code that is assigned next. When all are, the table stays as it is. */
  next = END + 1;
  /** The code before, or -1 after a clear code. */
  #last = -1;

  clear(): void {
    this.next = END + 1;
    this.#last = -1;
  }

  /** How many bytes a code stands for; 0 if it is not assigned and not about to be. */
  lengthOf(code: number): number {
    if (code < CLEAR) return 1;
    if (code < this.next) return LENGTHS[code]!;
    return code === this.next && this.#last >= 0 ? this.#lengthOfLast() + 1 : 0;
  }

  /** Writes the bytes of a code so that they end at `end`, and assigns the next code. */
  expand(code: number, output: Uint8Array, end: number): void {
    let at = end - 1;
    let from = code;
    if (code === this.next) {
      // The pair that this very code completes: the bytes of the last code, then the first of them.
      from = this.#last;
      at--;
    }
    while (from > CLEAR) {
      output[at--] = SUFFIXES[from]!;
      from = PREFIXES[from]!;
    }
    output[at] = from;
    if (code === this.next) output[end - 1] = from;
    this.#assign(from);
    this.#last = code;
  }

  #assign(suffix: number): void {
    if (this.#last < 0 || this.next === MAX_CODES) return;
    PREFIXES[this.next] = this.#last;
    SUFFIXES[this.next] = suffix;
    LENGTHS[this.next] = this.#lengthOfLast() + 1;
    this.next++;
  }

  #lengthOfLast(): number {
    return this.#last < CLEAR ? 1 : LENGTHS[this.#last]!;
  }
}
