import { TransportError } from '@shoal/transport';

/** The given option, or its default; throws `argument` unless it is a whole number in range. */
export function whole(
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

/** What a fired signal becomes. */
export function abortError(doing: string, signal: AbortSignal): TransportError {
  return new TransportError('aborted', `${doing}: aborted`, { cause: signal.reason });
}

/** Runs `action` when the signal fires, unless the returned function was called before. */
export function onAbort(signal: AbortSignal | undefined, action: () => void): () => void {
  if (!signal) return () => {};
  signal.addEventListener('abort', action, { once: true });
  return () => signal.removeEventListener('abort', action);
}

/**
 * Calls a function of the application so that its fault is not taken for one of the network: an
 * error is thrown on its own, as from any event handler.
 */
export function callOut<Arguments extends unknown[]>(
  action: (...args: Arguments) => void,
  ...args: Arguments
): void {
  try {
    action(...args);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
