/** What a check has found. */
export interface CheckResult {
  /** How many different states were visited. */
  readonly states: number;
  /** How many steps were tried. */
  readonly steps: number;
  /** How many things happened at most from the first state. */
  readonly depth: number;
  /** Whether all states within the bounds were visited. */
  readonly exhausted: boolean;
  /** The most entries that were committed. */
  readonly committed: number;
  readonly violation: Violation | undefined;
}

/** A broken invariant, and the steps that led to it. */
export interface Violation {
  readonly what: string;
  /** One line for each thing that happened. */
  readonly trace: readonly string[];
}
