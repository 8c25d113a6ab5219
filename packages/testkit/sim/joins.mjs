// How long does a node take to join when one of its seeds runs, and all the others are dead?
import { lan } from '@shoal/membership';
import { seededRandom } from '@shoal/testkit';
import { Simulator } from '@shoal/testkit/simulator';
import { readArguments } from './arguments.mjs';
import { printTable, quantile } from './table.mjs';

const USAGE = 'node joins.mjs [--runs 200] [--from 1]';
const options = readArguments(USAGE, { runs: 200, from: 1 }, { runs: 1 });

/** How many seeds there are, and within how many ms 99 % of the runs must have joined. */
const GOALS = [
  [10, 2000],
  [20, 3000],
  [50, 5000],
];
const LIMIT = 600_000;

/** Returns how long the node took to join, in ms. */
function run(seeds, seed) {
  const all = Array.from({ length: seeds }, (_, i) => i);
  const sim = new Simulator({ seed, nodes: seeds + 1, config: lan(), join: { seeds: all } });
  sim.start(Math.floor(seededRandom(`${seed}/live`)() * seeds));
  sim.run(1000);
  sim.start(seeds);
  const joiner = sim.nodes[seeds];
  return sim.runUntil(LIMIT, 10, () => joiner.swim.activeCount > 0) ?? Number.POSITIVE_INFINITY;
}

let failed = 0;
const seconds = (ms) => (ms / 1000).toFixed(2);
const rows = GOALS.map(([seeds, goal]) => {
  const times = Array.from({ length: options.runs }, (_, i) => {
    return run(seeds, `joins ${seeds}/${options.from + i}`);
  });
  const late = quantile(times, 0.99);
  const holds = late <= goal;
  if (!holds) failed++;
  const shown = [quantile(times, 0.5), late, Math.max(...times), goal].map(seconds);
  return [seeds, options.runs, ...shown, holds ? 'holds' : 'missed'];
});
console.log('Seconds until a node has joined, with one live seed among so many (LAN preset):\n');
printTable(['seeds', 'runs', 'median', '99 %', 'most', 'goal for 99 %', ''], rows);
console.log(`${GOALS.length - failed} hold, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
