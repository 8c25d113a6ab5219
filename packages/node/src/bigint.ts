/** The lower of two. */
export function lower(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

/** The higher of two. */
export function higher(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}
