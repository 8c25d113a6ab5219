// How long does a cluster of three take no writes after its leader gets a SIGKILL? Each system runs
// with its default settings, on loopback and with logs on disk. The systems take turns, so that other
// load on the machine affects them alike.
//
//     node src/failover.mjs [--kills N] [--only shoal] [--only etcd] [--only raft] [--how kill]
//
// With `--how pause`, the leader gets a SIGSTOP: its connections do not end. With `--how transfer`, it
// hands over to another server while clients write.
import { parseArgs } from 'node:util';
import { Etcd } from './failover/etcd.mjs';
import { HashicorpRaft } from './failover/hashicorp-raft.mjs';
import { killLeader, pauseLeader } from './failover/kill-leader.mjs';
import { Shoal } from './failover/shoal.mjs';
import { transferLeader } from './failover/transfer-leader.mjs';
import { median } from './measure.mjs';
import { printTable } from './table.mjs';

/** The systems by the names that `--only` takes. Each is a FailoverSystem: see failover/system.mjs. */
const SYSTEMS = { shoal: Shoal, etcd: Etcd, raft: HashicorpRaft };

/** What ends a leadership, by the names that `--how` takes. */
const FAILURES = {
  kill: {
    run: killLeader,
    title: 'From the SIGKILL of the leader to the first write that another server acknowledges',
  },
  pause: {
    run: pauseLeader,
    title: 'From the SIGSTOP of the leader to the first write that another server acknowledges',
  },
  transfer: {
    run: transferLeader,
    title: 'A handover: from the last write at the old leader to the first one at the next',
  },
};

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    only: { type: 'string', multiple: true, default: Object.keys(SYSTEMS) },
    how: { type: 'string', default: 'kill' },
  },
});
const kills = Number(values.kills);
if (!Number.isInteger(kills) || kills < 1) throw new Error(`--kills ${values.kills}`);
const failure = own(FAILURES, 'how', values.how);

function own(values, option, name) {
  if (!Object.hasOwn(values, name)) throw new Error(`--${option} ${name}: not one of the choices`);
  return values[name];
}

/** Ends the leaderships of all systems in turn. Returns the times of each system, in ms. */
async function measure(systems) {
  const times = new Map(systems.map((system) => [system, []]));
  try {
    await Promise.all(systems.map((system) => system.start()));
    for (let kill = 0; kill < kills; kill++) {
      for (const system of systems) times.get(system).push(await failure.run(system));
    }
    return times;
  } finally {
    for (const system of systems) system.stop();
  }
}

function missing(system) {
  const reason = system.missing();
  if (reason !== undefined) return reason;
  return values.how === 'transfer' && !system.transfer ? 'it has no handover here' : undefined;
}

const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;

function row({ name, goals = {} }, times) {
  const sorted = [...times].sort((a, b) => a - b);
  const p90 = sorted[Math.ceil(sorted.length * 0.9) - 1];
  const [middle, most] = [median(sorted), sorted.at(-1)];
  const cells = [sorted[0], middle, p90, most].map(seconds);
  return [name, String(sorted.length), ...cells, ...verdict(goals[values.how], middle, most)];
}

/** Two cells: the goal, and whether it holds. */
function verdict(goal, middle, most) {
  if (goal === undefined) return ['none', ''];
  const holds = middle < goal.median && most < goal.max;
  const text = `median < ${seconds(goal.median)}, max < ${seconds(goal.max)}`;
  return [text, holds ? 'holds' : 'MISSED'];
}

const chosen = values.only.map((name) => {
  const system = new (own(SYSTEMS, 'only', name))();
  return { system, missing: missing(system) };
});
const present = chosen.filter(({ missing }) => missing === undefined);
const times = await measure(present.map(({ system }) => system));
printTable(
  failure.title,
  ['three servers of', 'times', 'min', 'median', 'p90', 'max', 'goal', ''],
  chosen.map(({ system, missing }) =>
    missing === undefined
      ? row(system, times.get(system))
      : [system.name, `not measured: ${missing}`, '', '', '', '', '', ''],
  ),
);
