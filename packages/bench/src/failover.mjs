// How long does a cluster of three take no writes after its leader gets a SIGKILL? Each system runs
// with its default settings, on loopback and with logs on disk. The systems take turns, so that other
// load on the machine affects them alike.
//
//     node src/failover.mjs [--kills N] [--only etcd] [--only raft]
import { parseArgs } from 'node:util';
import { Etcd } from './failover/etcd.mjs';
import { HashicorpRaft } from './failover/hashicorp-raft.mjs';
import { killLeader } from './failover/kill-leader.mjs';
import { median } from './measure.mjs';
import { printTable } from './table.mjs';

/** The systems by the names that `--only` takes. Each is a FailoverSystem: see failover/system.mjs. */
const SYSTEMS = { etcd: Etcd, raft: HashicorpRaft };

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    only: { type: 'string', multiple: true, default: Object.keys(SYSTEMS) },
  },
});
const kills = Number(values.kills);
if (!Number.isInteger(kills) || kills < 1) throw new Error(`--kills ${values.kills}`);

/** Kills the leaders of all systems in turn. Returns the times of each system, in ms. */
async function measure(systems) {
  const times = new Map(systems.map((system) => [system, []]));
  try {
    await Promise.all(systems.map((system) => system.start()));
    for (let kill = 0; kill < kills; kill++) {
      for (const system of systems) times.get(system).push(await killLeader(system));
    }
    return times;
  } finally {
    for (const system of systems) system.stop();
  }
}

const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;

function row(name, times) {
  const sorted = [...times].sort((a, b) => a - b);
  const p90 = sorted[Math.ceil(sorted.length * 0.9) - 1];
  const cells = [sorted[0], median(sorted), p90, sorted.at(-1)].map(seconds);
  return [name, String(sorted.length), ...cells];
}

const chosen = values.only.map((name) => {
  if (!Object.hasOwn(SYSTEMS, name)) throw new Error(`--only ${name}: no such system`);
  const system = new SYSTEMS[name]();
  return { system, missing: system.missing() };
});
const present = chosen.filter(({ missing }) => missing === undefined);
const times = await measure(present.map(({ system }) => system));
printTable(
  'From the SIGKILL of the leader to the first write that another server acknowledges',
  ['three servers of', 'kills', 'min', 'median', 'p90', 'max'],
  chosen.map(({ system, missing }) =>
    missing === undefined
      ? row(system.name, times.get(system))
      : [system.name, `not measured: ${missing}`, '', '', '', ''],
  ),
);
