import type { TestRunner } from './conformance-bench.ts';
import { LogBench, type LogConformanceSetup } from './log-conformance-bench.ts';
import { logEntryCases } from './log-conformance-entry-cases.ts';
import { logModelCases } from './log-conformance-model-cases.ts';
import { logReadCases } from './log-conformance-read-cases.ts';
import { logSnapshotCases } from './log-conformance-snapshot-cases.ts';

export type { TestRunner } from './conformance-bench.ts';
export type { LogConformanceOptions, LogConformanceSetup } from './log-conformance-bench.ts';

/**
 * Declares the cases that every `LogStore` must pass, with the given runner. A log that can be
 * reopened is, after each step that it must remember.
 *
 * ```ts
 * import { describe, it } from 'vitest';
 * logConformance({ describe, it }, { name: 'mine', create: (options) => createMine(options) });
 * ```
 */
export function logConformance(runner: TestRunner, setup: LogConformanceSetup): void {
  const cases = { ...logEntryCases, ...logReadCases, ...logSnapshotCases, ...logModelCases };
  runner.describe(`${setup.name}: conformance of a log`, () => {
    for (const [name, run] of Object.entries(cases)) {
      runner.it(name, async () => {
        const bench = new LogBench(setup);
        try {
          await run(bench);
        } finally {
          await bench.cleanup.run();
        }
      });
    }
  });
}
