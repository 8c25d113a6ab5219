export { logConformance } from './conformance/log/log-conformance.ts';
export type { LogConformanceOptions, LogConformanceSetup } from './conformance/log/log-test-bed.ts';
export type { TestRunner } from './conformance/test-runner.ts';
