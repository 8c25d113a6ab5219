import { setTimeout as sleep } from 'node:timers/promises';

/** Long enough that only a hang fails, in ms. */
const LIMIT = 60_000;
/** Between two attempts, in ms. */
const RETRY = 5;

/**
 * Calls `attempt` until it resolves, and resolves with its value. Rejects after a minute, with the error
 * of the last attempt as the cause. `canStop` ends the attempts early, with undefined.
 */
export async function until(what, attempt, canStop = () => false) {
  const end = performance.now() + LIMIT;
  while (!canStop()) {
    try {
      return await attempt();
    } catch (cause) {
      if (performance.now() > end) throw new Error(`no ${what} within a minute`, { cause });
    }
    await sleep(RETRY);
  }
  return undefined;
}
