import { xxh64Js } from './xxh64-js.ts';
import {
  INPUT,
  INPUT_SIZE,
  OUTPUT,
  OUTPUT_COUNT,
  RESULT,
  type Xxh64Kernel,
} from './xxh64-kernel.ts';
import { xxh64Wasm } from './xxh64-wasm.ts';

/** Type and length, before the payload of each entry in messages and snapshots. */
const HEADER = 5;
/** XXH64 takes its input in stripes of this size, in bytes. */
const STRIPE = 32;

const LITTLE_ENDIAN: boolean = /* @__PURE__ */ isLittleEndian();

function isLittleEndian(): boolean {
  return new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
}

/** A u64 as its low and high u32, because a bigint for each entry would be slow. */
export interface U64Halves {
  low: number;
  high: number;
}

/** A hash of input that comes in pieces. Made by {@link Xxh64.begin}. */
export interface Xxh64State {
  readonly accumulators: Uint8Array;
  /** The input that does not fill a stripe yet. */
  readonly tail: Uint8Array;
  tailLength: number;
  length: number;
}

/**
 * XXH64 by Yann Collet
 * (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md). Nothing stays in the kernel
 * between calls, so one instance serves all callers.
 */
export class Xxh64 {
  readonly #kernel: Xxh64Kernel;

  constructor(kernel: Xxh64Kernel) {
    this.#kernel = kernel;
  }

  /** Hashes one entry as it is encoded in messages. `seed` is replaced by the hash. */
  hashEntry(seed: U64Halves, type: number, payload: Uint8Array): void {
    const { bytes, view, begin, chain, finish } = this.#kernel;
    const size = HEADER + payload.length;
    bytes[INPUT] = type;
    view.setUint32(INPUT + 1, payload.length, true);
    this.#seed(seed);
    if (size <= INPUT_SIZE) {
      bytes.set(payload, INPUT + HEADER);
      chain(INPUT, INPUT + size, 1, OUTPUT);
    } else {
      begin();
      const rest = this.#absorb(payload, HEADER);
      finish(INPUT, INPUT + rest, size);
    }
    this.#read(seed);
  }

  /**
   * Hashes `count` entries as they are encoded in a message, in order, each with the hash
   * before it as the seed. Returns the seed and the hash of each entry, every one as its low and
   * high u32, and replaces `seed` by the last hash. Undefined, and `seed` may have changed, if the
   * bytes are not exactly `count` entries.
   */
  chain(seed: U64Halves, entries: Uint8Array, count: number): Uint32Array | undefined {
    if (count > entries.length / HEADER) return undefined;
    const hashes = new Uint32Array(2 * count + 2);
    hashes[0] = seed.low;
    hashes[1] = seed.high;
    if (entries.length > INPUT_SIZE || count > OUTPUT_COUNT) {
      return this.#chainOneByOne(seed, entries, hashes) ? hashes : undefined;
    }
    const { bytes, chain } = this.#kernel;
    bytes.set(entries, INPUT);
    this.#seed(seed);
    if (chain(INPUT, INPUT + entries.length, count, OUTPUT) === 0) return undefined;
    this.#copyOutput(hashes, count);
    this.#read(seed);
    return hashes;
  }

  /** Begins to hash input that comes in pieces, with seed 0. */
  begin(): Xxh64State {
    const { bytes, begin } = this.#kernel;
    bytes.fill(0, RESULT, RESULT + 8);
    begin();
    const accumulators = bytes.slice(0, STRIPE);
    return { accumulators, tail: new Uint8Array(STRIPE), tailLength: 0, length: 0 };
  }

  /** Takes the next piece. */
  update(state: Xxh64State, piece: Uint8Array): void {
    const { tail, tailLength } = state;
    state.length += piece.length;
    if (tailLength + piece.length < STRIPE) {
      tail.set(piece, tailLength);
      state.tailLength += piece.length;
      return;
    }
    const { bytes } = this.#kernel;
    bytes.set(state.accumulators);
    bytes.set(tail.subarray(0, tailLength), INPUT);
    state.tailLength = this.#absorb(piece, tailLength);
    state.accumulators.set(bytes.subarray(0, STRIPE));
    tail.set(bytes.subarray(INPUT, INPUT + state.tailLength));
  }

  /** The hash of all pieces so far. More may follow. */
  digest({ accumulators, tail, tailLength, length }: Xxh64State): bigint {
    const { bytes, view, finish } = this.#kernel;
    bytes.set(accumulators);
    bytes.set(tail, INPUT);
    finish(INPUT, INPUT + tailLength, length);
    return view.getBigUint64(RESULT, true);
  }

  /**
   * Takes the stripes of `piece` after the `held` bytes of input that are in place. Returns how
   * many bytes are then left in place: fewer than a stripe.
   */
  #absorb(piece: Uint8Array, held: number): number {
    const { bytes, stripes } = this.#kernel;
    let left = held;
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + INPUT_SIZE - left);
      bytes.set(part, INPUT + left);
      at += part.length;
      const end = left + part.length;
      left = end % STRIPE;
      stripes(INPUT, INPUT + end - left);
      bytes.copyWithin(INPUT, INPUT + end - left, INPUT + end);
    }
    return left;
  }

  /** For more entries than the kernel has room for. False if they do not fill the bytes. */
  #chainOneByOne(seed: U64Halves, entries: Uint8Array, hashes: Uint32Array): boolean {
    const view = new DataView(entries.buffer, entries.byteOffset, entries.byteLength);
    let at = 0;
    for (let i = 2; i < hashes.length; i += 2) {
      if (entries.length - at < HEADER) return false;
      const end = at + HEADER + view.getUint32(at + 1, true);
      if (end > entries.length) return false;
      this.hashEntry(seed, entries[at]!, entries.subarray(at + HEADER, end));
      hashes[i] = seed.low;
      hashes[i + 1] = seed.high;
      at = end;
    }
    return at === entries.length;
  }

  /** Copies `count` hashes of a chain after the first element. */
  #copyOutput(hashes: Uint32Array, count: number): void {
    const { view } = this.#kernel;
    if (LITTLE_ENDIAN) hashes.set(new Uint32Array(view.buffer, OUTPUT, 2 * count), 2);
    else for (let i = 0; i < 2 * count; i++) hashes[i + 2] = view.getUint32(OUTPUT + 4 * i, true);
  }

  #seed({ low, high }: U64Halves): void {
    const { view } = this.#kernel;
    view.setUint32(RESULT, low, true);
    view.setUint32(RESULT + 4, high, true);
  }

  #read(hash: U64Halves): void {
    const { view } = this.#kernel;
    hash.low = view.getUint32(RESULT, true);
    hash.high = view.getUint32(RESULT + 4, true);
  }
}

let shared: Xxh64 | undefined;

/** The instance that all callers share, on the fastest kernel of this platform. */
export function xxh64(): Xxh64 {
  shared ??= new Xxh64(xxh64Wasm() ?? xxh64Js());
  return shared;
}
