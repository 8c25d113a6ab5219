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
