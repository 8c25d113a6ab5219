import { declareCases, type TestRunner } from '../test-runner.ts';
import { datagramCases, datagramGarbageCases } from './datagram-cases.ts';
import { type DatagramConformanceSetup, DatagramTestBed } from './datagram-test-bed.ts';

/**
 * Declares one test for each requirement on a `DatagramTransport`. The network between the
 * transports must lose neither a datagram that is sent alone nor a few that are sent at once.
 *
 * ```ts
 * import { describe, it } from 'vitest';
 * datagramConformance({ describe, it }, { name: 'mine', create: () => createMine() });
 * ```
 */
export function datagramConformance(runner: TestRunner, setup: DatagramConformanceSetup): void {
  const cases = { ...datagramCases, ...(setup.garbage ? datagramGarbageCases : {}) };
  runner.describe(`${setup.name}: conformance of a datagram transport`, () => {
    declareCases(runner, cases, () => new DatagramTestBed(setup));
  });
}
