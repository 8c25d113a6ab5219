/** The higher of two. */
export function higher(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** A copy of plain data in which each bigint is its decimal text, as JSON needs it. */
export function bigintsAsText(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(bigintsAsText);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, bigintsAsText(one)]));
}
