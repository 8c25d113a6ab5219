/** The u64 whose low and high u32 these are. */
export function u64(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}
