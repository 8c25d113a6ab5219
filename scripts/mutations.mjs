// What the fuzzers of the packages share.

/**
 * Returns a function that changes bytes at random: up to three edits, each of a bit, a byte or the
 * length. It returns a view of one buffer of `capacity` bytes, valid until its next call.
 */
export function mutator(random, capacity) {
  const scratch = new Uint8Array(capacity);
  return (bytes) => {
    let length = bytes.length;
    scratch.set(bytes);
    const edits = Math.floor(random() * 4);
    for (let i = 0; i < edits; i++) {
      const at = Math.floor(random() * Math.max(1, length));
      const kind = random();
      if (kind < 0.35) scratch[at] ^= 1 << Math.floor(random() * 8);
      else if (kind < 0.6) scratch[at] = Math.floor(random() * 256);
      else if (kind < 0.7) scratch[at] = random() < 0.5 ? 0xff : 0;
      else if (kind < 0.85) length = at;
      else if (kind < 0.95 && length > 0) {
        scratch.copyWithin(at + 1, at, length);
        length++;
        scratch[at] = Math.floor(random() * 256);
      } else if (length > 0) {
        scratch.copyWithin(at, at + 1, length);
        length--;
      }
    }
    return scratch.subarray(0, length);
  };
}

/** A small generator of pseudo-random numbers, so that a seed replays a run. */
export function mulberry32(start) {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
