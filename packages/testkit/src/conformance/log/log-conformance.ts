import { declareCases, type TestRunner } from '../test-runner.ts';
import { logEntryCases } from './entry-cases.ts';
import { type LogConformanceSetup, LogTestBed } from './log-test-bed.ts';
import { logModelCases } from './model-cases.ts';
import { logReadCases } from './read-cases.ts';
import { logSnapshotCases } from './snapshot-cases.ts';

/**
 * Declares one test for each requirement on a `LogStore`. If the setup can reopen a log, the tests
 * reopen it after each step that must survive.
 *
 * ```ts
 * import { describe, it } from 'vitest';
 * logConformance({ describe, it }, { name: 'mine', create: (options) => createMine(options) });
 * ```
 */
export function logConformance(runner: TestRunner, setup: LogConformanceSetup): void {
  const cases = { ...logEntryCases, ...logReadCases, ...logSnapshotCases, ...logModelCases };
  runner.describe(`${setup.name}: conformance of a log`, () => {
    declareCases(runner, cases, () => new LogTestBed(setup));
  });
}
