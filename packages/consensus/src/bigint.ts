/** The lower of two. */
export function lower(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** The higher of two. */
export function higher(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
