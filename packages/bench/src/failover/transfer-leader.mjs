import { setTimeout as sleep } from 'node:timers/promises';
import { firstWrite, writtenAtLeader } from './first-write.mjs';

/** @import { FailoverSystem } from './system.mjs' */

/** How many writes are under way at the old leader at a time. */
const WRITERS = 4;
/** How long to wait after a refusal, in ms. */
const RETRY = 5;

/**
 * Hands the leadership over while clients write. Returns how long no server acknowledged a write: from
 * the last one at the old leader to the first one at another server, in ms. Rejects if a write failed
 * otherwise than by a refusal that promises that nothing was written.
 *
 * @param {FailoverSystem} system
 */
export async function transferLeader(system) {
  const { leader, others } = await writtenAtLeader(system);
  let last = performance.now();
  let isOver = false;
  let done = false;
  const writers = Array.from({ length: WRITERS }, async () => {
    while (!done) {
      const wasOver = isOver;
      try {
        await system.write(leader, 'during the handover');
        if (wasOver) throw new Error(`server ${leader} leads again right after it handed over`);
        last = performance.now();
      } catch (error) {
        if (!system.isRefusal(error)) throw error;
        await sleep(RETRY);
      }
    }
  });
  const [first] = await Promise.all([
    firstWrite(system, others).then(() => {
      done = true;
      return performance.now();
    }),
    system.transfer(leader).then(() => {
      isOver = true;
    }),
    ...writers,
  ]);
  return first - last;
}
