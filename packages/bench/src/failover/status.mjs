// What servers say about themselves: `id`; `leader`, the id of the server that they take for the leader,
// undefined if they know none; and `applied`, a number that grows with the writes that they have applied.
import { SERVERS } from './system.mjs';
import { until } from './until.mjs';

/** Waits until all servers take one of them for the leader. `status` asks a server. */
export function commonLeader(status) {
  return until('leader', async () => {
    const all = await Promise.all(SERVERS.map(status));
    const [{ leader }] = all;
    const agreed = leader !== undefined && all.every((one) => one.leader === leader);
    const server = agreed ? all.findIndex(({ id }) => id === leader) : -1;
    if (server === -1) throw new Error(`the servers do not agree: ${JSON.stringify(all)}`);
    return server;
  });
}

/** Waits until a server follows a leader and has applied all writes up to `index`. */
export function following(status, server, index) {
  return until(`follower ${server}`, async () => {
    const one = await status(server);
    if (one.leader === undefined || one.applied < index) {
      throw new Error(`not yet at ${index}: ${JSON.stringify(one)}`);
    }
  });
}
