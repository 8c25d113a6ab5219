export { type MonotonicClock, systemClock, type TimerHandle } from './clock/monotonic-clock.ts';
export { VirtualClock } from './clock/virtual-clock.ts';
export type { LinkFaults, LinkSelector } from './network/link-faults.ts';
export type { MemoryDatagramOptions } from './network/memory-datagrams.ts';
export {
  MemoryNetwork,
  type MemoryNetworkOptions,
  type MemoryNetworkStats,
} from './network/memory-network.ts';
export type { MemoryStreamOptions } from './network/stream-limits.ts';
export { type Random, seededRandom } from './random.ts';
