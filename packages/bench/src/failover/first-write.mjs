import { setTimeout as sleep } from 'node:timers/promises';
import { SERVERS } from './system.mjs';
import { until } from './until.mjs';

/** @import { FailoverSystem } from './system.mjs' */

/**
 * Before each failure comes a random pause of up to so many ms: longer than the heartbeat intervals of
 * all systems, so that the failures fall on every point between two heartbeats.
 */
const PAUSE = 500;

/**
 * Waits until the leader has acknowledged a write. Returns the leader and the other servers.
 *
 * @param {FailoverSystem} system
 */
export async function writtenAtLeader(system) {
  await sleep(Math.random() * PAUSE);
  const leader = await until('write', async () => {
    const server = await system.leader();
    await system.write(server, 'before the failure');
    return server;
  });
  return { leader, others: SERVERS.filter((server) => server !== leader) };
}

/** Tries each server again and again, until one of them has acknowledged a write. */
export async function firstWrite(system, servers) {
  let done = false;
  const attempts = servers.map(async (server) => {
    const write = () => system.write(server, 'after the failure');
    await until('write after a failure', write, () => done);
    done = true;
  });
  // An attempt at another server may still be under way; it will be refused.
  await Promise.race(attempts);
}
