import { WireError } from '@shoal/wire';

/** The code of the WireError that `run` throws, or undefined if it throws nothing. */
export function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof WireError) return error.code;
    throw error;
  }
}
