import { firstWrite, writtenAtLeader } from './first-write.mjs';

/** @import { FailoverSystem } from './system.mjs' */

/**
 * Kills the leader of a system, after it has acknowledged a write. Returns how long it took until one of
 * the others acknowledged the next write, in ms. Then the killed server joins again.
 *
 * @param {FailoverSystem} system
 */
export async function killLeader(system) {
  const { leader, others } = await writtenAtLeader(system);
  const start = performance.now();
  const gone = system.kill(leader);
  await firstWrite(system, others);
  const took = performance.now() - start;
  await gone;
  await system.restart(leader);
  return took;
}

/**
 * As {@link killLeader}, but the leader is stopped, as if its network had been cut in silence: nothing
 * ends its connections.
 *
 * @param {FailoverSystem} system
 */
export async function pauseLeader(system) {
  const { leader, others } = await writtenAtLeader(system);
  const start = performance.now();
  system.pause(leader);
  await firstWrite(system, others);
  const took = performance.now() - start;
  await system.resume(leader);
  return took;
}
