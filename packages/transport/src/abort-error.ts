import { TransportError } from './errors.ts';

/**
 * The error of an operation that its signal ended: code `aborted`, with the signal's reason as its
 * cause. `doing` names the operation, like `dial 10.0.0.1:7946`.
 */
export function abortError(doing: string, reason: unknown): TransportError {
  return new TransportError('aborted', `${doing}: aborted`, { cause: reason });
}

/** Throws an {@link abortError} if the signal has fired. */
export function throwIfAborted(doing: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(doing, signal.reason);
}
