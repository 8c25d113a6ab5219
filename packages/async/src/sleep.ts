import { onAbort } from './abort.ts';

/** The longest delay of `setTimeout`, in ms: about 24.8 days. */
export const MAX_TIMER_DELAY: number = 2 ** 31 - 1;

/**
 * Resolves after `ms` milliseconds; more than {@link MAX_TIMER_DELAY} counts as that. Rejects with
 * the signal's reason if the signal fires first or has already fired.
 */
export function sleep(
  ms: number,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    let cancel = (): void => {};
    const timer = setTimeout(
      () => {
        cancel();
        resolve();
      },
      Math.min(ms, MAX_TIMER_DELAY),
    );
    cancel = onAbort(signal, () => {
      clearTimeout(timer);
      reject(signal!.reason);
    });
  });
}

/**
 * Resolves after `ms` milliseconds, or as soon as the signal fires. Never rejects: for loops that
 * run until an abort.
 */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, { signal }).catch(() => undefined);
}
