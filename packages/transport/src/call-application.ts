/**
 * Calls a function of the application. An error that it throws is reported as uncaught, as from
 * any event handler, and does not disturb the caller.
 */
export function callApplication<Arguments extends unknown[]>(
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
