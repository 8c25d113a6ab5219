import type { TestRunner } from './conformance-bench.ts';
import { StreamBench, type StreamConformanceSetup } from './stream-bench.ts';
import { endingCases } from './stream-ending-cases.ts';
import { frameCases } from './stream-frame-cases.ts';
import { garbageCases, listeningCases } from './stream-listening-cases.ts';
import { pressureCases } from './stream-pressure-cases.ts';

const GROUPS = {
  'making connections': listeningCases,
  frames: frameCases,
  'back-pressure': pressureCases,
  'the end of a connection': endingCases,
};

/**
 * Declares the cases that every `StreamTransport` must pass, with the given runner. Each case's
 * name says what is required; nothing in a case depends on how long something takes.
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
      runner.describe(group, () => {
        for (const [name, run] of Object.entries(cases)) {
          runner.it(name, async () => {
            const bench = new StreamBench(setup);
            try {
              await run(bench);
            } finally {
              await bench.cleanup.run();
            }
          });
        }
      });
    }
  });
}
