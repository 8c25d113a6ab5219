import { MEMORY, RESULT, type Xxh64Kernel } from './xxh64-kernel.ts';

// The primes, as their high and low u32.
const P1H = 0x9e3779b1;
const P1L = 0x85ebca87;
const P2H = 0xc2b2ae3d;
const P2L = 0x27d4eb4f;
const P3H = 0x165667b1;
const P3L = 0x9e3779f9;
const P4H = 0x85ebca77;
const P4L = 0xc2b2ae63;
const P5H = 0x27d4eb2f;
const P5L = 0x165667c5;

/** How far each accumulator is rotated at the end. */
const ROTATIONS: readonly number[] = [1, 7, 12, 18];

/** The u64 that is being computed, as two i32. */
let h = 0;
let l = 0;

function add(high: number, low: number): void {
  const sum = (l >>> 0) + (low >>> 0);
  h = (h + high + (sum > 0xffff_ffff ? 1 : 0)) | 0;
  l = sum | 0;
}

function xor(high: number, low: number): void {
  h ^= high;
  l ^= low;
}

/** Multiplies by a constant. */
function times(high: number, low: number): void {
  const a0 = l & 0xffff;
  const a1 = l >>> 16;
  const b0 = low & 0xffff;
  const b1 = low >>> 16;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const other = a0 * b1 + (middle & 0xffff);
  const carried = a1 * b1 + (middle >>> 16) + (other >>> 16);
  h = (carried + Math.imul(l, high) + Math.imul(h, low)) | 0;
  l = Math.imul(l, low);
}

/** Rotates to the left by 1..31. */
function rotate(by: number): void {
  const high = (h << by) | (l >>> (32 - by));
  l = (l << by) | (h >>> (32 - by));
  h = high;
}

/** XOR with itself, shifted to the right by 1..63. */
function xorShift(by: number): void {
  if (by >= 32) l ^= h >>> (by - 32);
  else {
    const low = (l >>> by) | (h << (32 - by));
    h ^= h >>> by;
    l ^= low;
  }
}

function round(): void {
  times(P2H, P2L);
  rotate(31);
  times(P1H, P1L);
}

/** XXH64 in JavaScript, about 100 MB/s: for platforms without WebAssembly. */
export function xxh64Js(): Xxh64Kernel {
  const bytes = new Uint8Array(MEMORY);
  const view = new DataView(bytes.buffer);
  const load = (at: number): void => {
    l = view.getInt32(at, true);
    h = view.getInt32(at + 4, true);
  };
  const store = (at: number): void => {
    view.setInt32(at, l, true);
    view.setInt32(at + 4, h, true);
  };
  const addAt = (at: number): void => add(view.getInt32(at + 4, true), view.getInt32(at, true));

  const begin = (): void => {
    load(RESULT);
    store(16);
    add(P2H, P2L);
    store(8);
    add(P1H, P1L);
    store(0);
    load(RESULT);
    // Minus P1, which is plus its two's complement.
    add(~P1H, ~P1L);
    add(0, 1);
    store(24);
  };

  const stripes = (from: number, end: number): void => {
    for (let at = from; at < end; at += 32) {
      for (let lane = 0; lane < 32; lane += 8) {
        load(at + lane);
        times(P2H, P2L);
        addAt(lane);
        rotate(31);
        times(P1H, P1L);
        store(lane);
      }
    }
  };

  /** Merges an accumulator into the hash at {@link RESULT}. */
  const merge = (lane: number): void => {
    load(lane);
    round();
    xor(view.getInt32(RESULT + 4, true), view.getInt32(RESULT, true));
    times(P1H, P1L);
    add(P4H, P4L);
    store(RESULT);
  };

  const finish = (from: number, end: number, total: number): void => {
    if (total >= 32) {
      view.setInt32(RESULT, 0, true);
      view.setInt32(RESULT + 4, 0, true);
      for (let lane = 0; lane < 32; lane += 8) {
        load(lane);
        rotate(ROTATIONS[lane >> 3]!);
        addAt(RESULT);
        store(RESULT);
      }
      for (let lane = 0; lane < 32; lane += 8) merge(lane);
      load(RESULT);
    } else {
      load(16);
      add(P5H, P5L);
    }
    add(Math.floor(total / 0x1_0000_0000), total | 0);
    let at = from;
    for (; at + 8 <= end; at += 8) {
      store(RESULT);
      load(at);
      round();
      xor(view.getInt32(RESULT + 4, true), view.getInt32(RESULT, true));
      rotate(27);
      times(P1H, P1L);
      add(P4H, P4L);
    }
    if (at + 4 <= end) {
      store(RESULT);
      h = 0;
      l = view.getInt32(at, true);
      times(P1H, P1L);
      xor(view.getInt32(RESULT + 4, true), view.getInt32(RESULT, true));
      rotate(23);
      times(P2H, P2L);
      add(P3H, P3L);
      at += 4;
    }
    for (; at < end; at++) {
      store(RESULT);
      h = 0;
      l = bytes[at]!;
      times(P5H, P5L);
      xor(view.getInt32(RESULT + 4, true), view.getInt32(RESULT, true));
      rotate(11);
      times(P1H, P1L);
    }
    xorShift(33);
    times(P2H, P2L);
    xorShift(29);
    times(P3H, P3L);
    xorShift(32);
    store(RESULT);
  };

  const chain = (from: number, end: number, count: number, out: number): number => {
    let at = from;
    for (let i = 0; i < count; i++) {
      if (end - at < 5) return 0;
      const size = view.getUint32(at + 1, true) + 5;
      if (size > end - at) return 0;
      const tail = at + size - (size % 32);
      begin();
      stripes(at, tail);
      at += size;
      finish(tail, at, size);
      store(out + 8 * i);
    }
    return at === end ? 1 : 0;
  };

  return { bytes, view, begin, stripes, finish, chain };
}
