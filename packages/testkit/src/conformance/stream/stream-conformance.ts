import { declareCases, type TestRunner } from '../test-runner.ts';
import { endingCases } from './ending-cases.ts';
import { frameCases } from './frame-cases.ts';
import { garbageCases, listeningCases } from './listening-cases.ts';
import { pressureCases } from './pressure-cases.ts';
import { type StreamConformanceSetup, StreamTestBed } from './stream-test-bed.ts';

const GROUPS = {
  'making connections': listeningCases,
  frames: frameCases,
  'back-pressure': pressureCases,
  'the end of a connection': endingCases,
};

/**
 * Declares one test for each requirement on a `StreamTransport`. The name of a test says what is
 * required. No test depends on timing.
 *
 * ```ts
 * import { describe, it } from 'vitest';
 * streamConformance({ describe, it }, { name: 'mine', create: (limits) => createMine(limits) });
 * ```
 */
export function streamConformance(runner: TestRunner, setup: StreamConformanceSetup): void {
  runner.describe(`${setup.name}: conformance of a stream transport`, () => {
    const groups = { ...GROUPS, ...(setup.garbage ? { garbage: garbageCases } : {}) };
    for (const [group, cases] of Object.entries(groups)) {
      runner.describe(group, () => declareCases(runner, cases, () => new StreamTestBed(setup)));
    }
  });
}
