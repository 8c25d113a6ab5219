/** Resolves once `holds` is true. Rejects after `timeout` ms, telling `what` was waited for. */
export async function until(what: string, holds: () => boolean, timeout = 20_000): Promise<void> {
  const end = performance.now() + timeout;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not so after ${timeout} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
