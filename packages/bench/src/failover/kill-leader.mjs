import { setTimeout as sleep } from 'node:timers/promises';
import { SERVERS } from './system.mjs';
import { until } from './until.mjs';

/** @import { FailoverSystem } from './system.mjs' */

/**
 * Before each kill comes a random pause of up to so many ms: longer than the heartbeat intervals of all
 * systems, so that the kills fall on every point between two heartbeats.
 */
const PAUSE = 500;

/**
 * Kills the leader of a system, after it has acknowledged a write. Returns how long it took until one of
 * the others acknowledged the next write, in ms. Then the killed server joins again.
 *
 * @param {FailoverSystem} system
 */
export async function killLeader(system) {
  await sleep(Math.random() * PAUSE);
  const leader = await until('write', async () => {
    const server = await system.leader();
    await system.write(server, 'before the kill');
    return server;
  });
  const others = SERVERS.filter((server) => server !== leader);
  const start = performance.now();
  const gone = system.kill(leader);
  await firstWrite(system, others);
  const took = performance.now() - start;
  await gone;
  await system.restart(leader);
  return took;
}

/** Tries each server again and again, until one of them has acknowledged a write. */
async function firstWrite(system, servers) {
  let done = false;
  const attempts = servers.map(async (server) => {
    const write = () => system.write(server, 'after the kill');
    await until('write after a kill', write, () => done);
    done = true;
  });
  // An attempt at another server may still be under way; it will be refused.
  await Promise.race(attempts);
}
