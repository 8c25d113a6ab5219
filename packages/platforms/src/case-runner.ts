import type { TestRunner } from '@shoal/testkit/conformance';

/** The result of a case. */
export interface CaseResult {
  readonly name: string;
  /** Why it failed; undefined if it passed. */
  readonly error: string | undefined;
  readonly ms: number;
}

/** When a case counts as stuck, in ms. Only a broken run takes that long. */
const STUCK = 120_000;

/** A {@link TestRunner} that needs no platform API: it collects cases, then runs them. */
export class CaseRunner implements TestRunner {
  readonly #cases: { name: string; body: () => Promise<void> }[] = [];
  #path: readonly string[] = [];

  readonly describe = (name: string, body: () => void): void => {
    const outer = this.#path;
    this.#path = [...outer, name];
    body();
    this.#path = outer;
  };

  readonly it = (name: string, body: () => Promise<void>): void => {
    this.#cases.push({ name: [...this.#path, name].join(' > '), body });
  };

  /** Runs one case after the other, and reports each. */
  async run(report: (result: CaseResult) => void): Promise<void> {
    for (const { name, body } of this.#cases) {
      const start = performance.now();
      const error = await outcome(body);
      report({ name, error, ms: performance.now() - start });
    }
  }
}

async function outcome(body: () => Promise<void>): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stuck = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`stuck for ${STUCK} ms`)), STUCK);
  });
  try {
    await Promise.race([body(), stuck]);
    return undefined;
  } catch (error) {
    return describeError(error);
  } finally {
    clearTimeout(timer);
  }
}

/** The error with its stack. Not every engine starts the stack with the message. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, stack = '' } = error;
  return stack.includes(message) ? stack : `${message}\n${stack}`;
}
