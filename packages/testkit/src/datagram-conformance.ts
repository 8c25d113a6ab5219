import type { TestRunner } from './conformance-bench.ts';
import { DatagramBench, type DatagramConformanceSetup } from './datagram-bench.ts';
import { datagramCases, datagramGarbageCases } from './datagram-cases.ts';

/**
 * Declares the cases that every `DatagramTransport` must pass, with the given runner. The network
 * between the transports must not lose a datagram that is sent alone, nor a few sent at once.
 *
 * ```ts
 * import { describe, it } from 'vitest';
 * datagramConformance({ describe, it }, { name: 'mine', create: () => createMine() });
 * ```
 */
export function datagramConformance(runner: TestRunner, setup: DatagramConformanceSetup): void {
  const cases = { ...datagramCases, ...(setup.garbage ? datagramGarbageCases : {}) };
  runner.describe(`${setup.name}: conformance of a datagram transport`, () => {
    for (const [name, run] of Object.entries(cases)) {
      runner.it(name, async () => {
        const bench = new DatagramBench(setup);
        try {
          await run(bench);
        } finally {
          await bench.cleanup.run();
        }
      });
    }
  });
}
