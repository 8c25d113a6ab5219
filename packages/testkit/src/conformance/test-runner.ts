/**
 * The functions of a test runner that a suite calls: `describe` and `it` of vitest, Jest, Mocha,
 * `node:test`, `bun:test` or Deno's `@std/testing/bdd`. A case fails by rejecting.
 */
export interface TestRunner {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
}

/** The cases of a suite, by name. The name says what is required. */
export type Cases<Bed> = Readonly<Record<string, (bed: Bed) => Promise<void>>>;

/** Declares one test per case. Each gets a test bed of its own, which is cleaned up after it. */
export function declareCases<Bed extends { readonly cleanup: Cleanup }>(
  runner: TestRunner,
  cases: Cases<Bed>,
  createBed: () => Bed,
): void {
  for (const [name, run] of Object.entries(cases)) {
    runner.it(name, async () => {
      const bed = createBed();
      try {
        await run(bed);
      } finally {
        await bed.cleanup.run();
      }
    });
  }
}

/** What to undo after a case, in reverse order. */
export class Cleanup {
  readonly #actions: (() => unknown)[] = [];

  add(action: () => unknown): void {
    this.#actions.push(action);
  }

  async run(): Promise<void> {
    for (const action of this.#actions.splice(0).reverse()) await action();
  }
}
