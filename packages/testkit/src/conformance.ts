export type { TestRunner } from './conformance-bench.ts';
export type { DatagramConformanceSetup } from './datagram-bench.ts';
export { datagramConformance } from './datagram-conformance.ts';
export type { StreamConformanceLimits, StreamConformanceSetup } from './stream-bench.ts';
export { streamConformance } from './stream-conformance.ts';
