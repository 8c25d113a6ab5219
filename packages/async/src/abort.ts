/**
 * Calls `action` once when the signal fires, or at once if it has already fired. Without a signal
 * it does nothing. Returns a function that cancels the call.
 */
export function onAbort(signal: AbortSignal | undefined, action: () => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) {
    action();
    return () => {};
  }
  // A wrapper: the same action can be registered twice and canceled once.
  const listener = (): void => action();
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

/** Resolves when the signal fires. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => onAbort(signal, resolve));
}

/**
 * Settles as `promise` does, or rejects with the signal's reason if the signal fires first. The
 * work behind `promise` continues; its result or error is then ignored.
 */
export function raceAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const cancel = onAbort(signal, () => reject(signal.reason));
    promise.then(resolve, reject).finally(cancel);
  });
}
