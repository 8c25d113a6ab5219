import { WireError } from '../src/errors.ts';

/** The WireError that `run` throws. Fails if it throws anything else, or nothing. */
export function wireErrorOf(run: () => unknown): WireError {
  const error = tryRun(run);
  if (error === undefined) throw new Error('nothing was thrown');
  return error;
}

/** The code of the WireError that `run` throws, or undefined if it throws nothing. */
export function codeOf(run: () => unknown): string | undefined {
  return tryRun(run)?.code;
}

function tryRun(run: () => unknown): WireError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
}
