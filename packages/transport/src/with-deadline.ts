import { onAbort } from '@shoal/async';
import { abortError } from './abort-error.ts';
import { TransportError } from './errors.ts';

/** Options of {@link withDeadline}. */
export interface DeadlineOptions {
  /** Names the operation in errors, like `dial 10.0.0.1:7946`. */
  readonly doing: string;
  /** How long the operation may take, in ms. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Settles as `work` does, if that is within `timeout` ms and before the signal fires. Rejects with
 * code `timeout` or `aborted` otherwise; the caller then undoes what `work` has started.
 */
export function withDeadline<T>(work: Promise<T>, options: DeadlineOptions): Promise<T> {
  const { doing, timeout, signal } = options;
  return new Promise((resolve, reject) => {
    let cancel = (): void => {};
    const fail = (error: unknown): void => {
      clearTimeout(timer);
      cancel();
      reject(error);
    };
    const timer = setTimeout(() => {
      fail(new TransportError('timeout', `${doing}: no answer within ${timeout} ms`));
    }, timeout);
    cancel = onAbort(signal, () => fail(abortError(doing, signal!.reason)));
    work.then((value) => {
      clearTimeout(timer);
      cancel();
      resolve(value);
    }, fail);
  });
}
