/** Resolves once `holds` is true. Rejects after `timeout` ms with `what` it waited for. */
export async function until(what: string, holds: () => boolean, timeout = 20_000): Promise<void> {
  const end = performance.now() + timeout;
  while (!holds()) {
    if (performance.now() > end)
      throw new Error(`timed out after ${timeout} ms waiting for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
