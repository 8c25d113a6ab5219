export { type Clock, systemClock, type Timer } from './clock.ts';
export type { Link, LinkFaults } from './link-faults.ts';
export type { MemoryStreamLimits } from './memory-connection.ts';
export type { MemoryDatagramsOptions } from './memory-datagrams.ts';
export { MemoryNetwork, type MemoryNetworkOptions } from './memory-network.ts';
export type { MemoryStreamsOptions } from './memory-streams.ts';
export type { MemoryNetworkStats } from './network-core.ts';
export { type Random, seededRandom } from './random.ts';
export { VirtualClock } from './virtual-clock.ts';
