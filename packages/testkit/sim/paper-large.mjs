// A large cluster in one process: joins at three seeds, loses 1 % of its members, and agrees.
import { spawnSync } from 'node:child_process';
import { lan } from '@shoal/membership';
import { Simulator } from '@shoal/testkit/simulator';
import { printTable } from './table.mjs';

/** The heap that a size takes, in MB: each node keeps a few numbers about each other one. */
const HEAP_MB_FOR = { size: 10_000, heap: 8000 };

/** Counts events, because comparing all views takes N^2 steps each time. */
function countEvents(sim) {
  const counts = { memberUp: 0, memberDown: 0, memberSuspected: 0 };
  sim.observers.push({
    event(_, event) {
      if (event.type in counts) counts[event.type]++;
    },
  });
  return counts;
}

function largeCluster(nodes) {
  const started = process.cpuUsage();
  const sim = new Simulator({ seed: `large ${nodes}`, nodes, config: lan(), exchange: {} });
  const counts = countEvents(sim);
  sim.startAll();
  const all = nodes * (nodes - 1);
  const known = () => counts.memberUp - counts.memberDown;
  const tell = (what) => {
    if (process.stderr.isTTY || process.env.VERBOSE) {
      const gb = (process.memoryUsage().rss / 1e9).toFixed(1);
      const { user, system } = process.cpuUsage(started);
      process.stderr.write(
        `${nodes}: ${what} at ${(sim.now / 1000).toFixed(1)} s, ${((100 * known()) / all).toFixed(2)} % known, ` +
          `${((user + system) / 1e6).toFixed(0)} s of CPU, ${gb} GB\n`,
      );
    }
  };
  const until = (what, reached) =>
    sim.runUntil(600_000, 100, () => {
      if (sim.now % 1000 < 1) tell(what);
      return reached();
    });
  const mostJoined = until('joining', () => known() >= 0.999 * all);
  const joined = until('joining', () => known() >= all);
  const joinPackets = sim.stats.packets;
  const queued = sim.nodes.reduce((sum, { swim }) => sum + swim.stats().queuedUpdates, 0);
  const falseDowns = counts.memberDown;
  const crashes = Math.ceil(nodes / 100);
  for (let node = nodes - crashes; node < nodes; node++) sim.inject({ type: 'crash', node });
  const before = sim.stats.packets;
  const wanted = counts.memberDown + crashes * (nodes - crashes);
  const settled = until('crashed', () => counts.memberDown >= wanted);
  tell('settled');
  const { user, system } = process.cpuUsage(started);
  return {
    mostJoined,
    joined: joined === undefined ? undefined : mostJoined + joined,
    joinPackets: joinPackets / nodes,
    queued: queued / nodes,
    falseDowns,
    crashes,
    settled,
    crashPackets: (sim.stats.packets - before) / nodes,
    converged: sim.converged,
    virtual: sim.now / 1000,
    cpu: (user + system) / 1e6,
    memory: process.memoryUsage().rss / 1e9,
  };
}

const seconds = (ms) => (ms === undefined ? 'never' : (ms / 1000).toFixed(1));

/** Runs a cluster in its own process, with a heap that is large enough. */
function inOwnProcess(nodes) {
  const heap = Math.max(1000, Math.ceil((nodes / HEAP_MB_FOR.size) ** 2 * HEAP_MB_FOR.heap));
  const { status, stdout } = spawnSync(
    process.execPath,
    [`--max-old-space-size=${heap}`, import.meta.filename, String(nodes)],
    { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`the run of ${nodes} nodes exited with code ${status}`);
  return JSON.parse(stdout);
}

export function printLarge(sizes) {
  console.log('## Large clusters in one process (LAN preset)\n');
  console.log(
    'All nodes start at once and know three seeds. As soon as all know each other, 1 % of them crash,\n' +
      'while updates about the joins are still queued. Seconds until 99.9 % of all pairs, and until all\n' +
      'pairs, know each other, and until all know about the crashes:\n',
  );
  printTable(
    [
      'N',
      'joined: 99.9 %',
      'joined: all',
      'packets a node',
      'queued a node',
      'crashed',
      'all know that',
      'packets a node',
      'wrongly Down',
      'all agree',
      'virtual',
      'CPU',
      'GB',
    ],
    sizes.map((nodes) => {
      const one = inOwnProcess(nodes);
      return [
        nodes,
        seconds(one.mostJoined),
        seconds(one.joined),
        one.joinPackets.toFixed(0),
        one.queued.toFixed(0),
        one.crashes,
        seconds(one.settled),
        one.crashPackets.toFixed(0),
        one.falseDowns,
        one.converged ? 'yes' : 'NO',
        one.virtual.toFixed(0),
        one.cpu.toFixed(0),
        one.memory.toFixed(1),
      ];
    }),
  );
}

if (process.argv[1] === import.meta.filename) {
  console.log(JSON.stringify(largeCluster(Number(process.argv[2]))));
}
