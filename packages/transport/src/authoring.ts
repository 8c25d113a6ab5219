import { TransportError } from './errors.ts';

// What everybody who writes a transport needs for its options and signals.

/**
 * The given option, or `preset` when it was not given. Throws `argument` unless it is a whole
 * number of `min` to `max`, by default the longest time that `setTimeout` takes in ms.
 */
export function wholeNumber(
  name: string,
  value: number | undefined,
  preset: number,
  min: number,
  max: number = 2 ** 31 - 1,
): number {
  if (value === undefined) return preset;
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new TransportError('argument', `${name} is a whole number of ${min}..${max}, not ${value}`);
}

/** What a signal that has fired becomes: `aborted`, with the signal's reason as the cause. */
export function abortError(doing: string, signal: AbortSignal): TransportError {
  return new TransportError('aborted', `${doing}: aborted`, { cause: signal.reason });
}

/**
 * Runs `action` when the signal fires, unless the returned function was called before. A signal
 * that has fired already does nothing.
 */
export function onAbort(signal: AbortSignal | undefined, action: () => void): () => void {
  if (!signal) return () => {};
  signal.addEventListener('abort', action, { once: true });
  return () => signal.removeEventListener('abort', action);
}
