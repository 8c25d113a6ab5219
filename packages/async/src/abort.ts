/** The one listener of each signal that something waits for. */
const listeners = new WeakMap<AbortSignal, SharedListener>();

/**
 * Calls `action` once when the signal fires, or at once if it has already fired. Without a signal
 * it does nothing. Returns a function that cancels the call. However many actions wait for a signal,
 * it has one listener: Node.js takes more than ten for a leak, and warns.
 */
export function onAbort(signal: AbortSignal | undefined, action: () => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) {
    action();
    return () => {};
  }
  let listener = listeners.get(signal);
  if (listener === undefined) {
    listener = new SharedListener(signal);
    listeners.set(signal, listener);
  }
  return listener.add(action);
}

/** Listens to a signal for as long as there are actions. */
class SharedListener {
  readonly #signal: AbortSignal;
  readonly #actions = new Set<() => void>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Returns a function that takes the action back. */
  add(action: () => void): () => void {
    // A wrapper: the same action can be registered twice and canceled once.
    const entry = (): void => action();
    if (this.#actions.size === 0) this.#signal.addEventListener('abort', this.#run);
    this.#actions.add(entry);
    return () => {
      if (this.#actions.delete(entry) && this.#actions.size === 0) this.#stop();
    };
  }

  /** An action that throws does not keep the others from running: its error is uncaught. */
  readonly #run = (): void => {
    this.#stop();
    for (const action of this.#actions) {
      this.#actions.delete(action);
      try {
        action();
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  };

  #stop(): void {
    this.#signal.removeEventListener('abort', this.#run);
  }
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
