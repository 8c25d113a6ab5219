export { datagramConformance } from './conformance/datagram/datagram-conformance.ts';
export type { DatagramConformanceSetup } from './conformance/datagram/datagram-test-bed.ts';
export { streamConformance } from './conformance/stream/stream-conformance.ts';
export type {
  StreamConformanceLimits,
  StreamConformanceSetup,
} from './conformance/stream/stream-test-bed.ts';
export type { TestRunner } from './conformance/test-runner.ts';
