// The speed of virtual time in a cluster at rest, with the LAN preset, on one core.
import { Simulator } from '@shoal/testkit/simulator';
import { readArguments } from './arguments.mjs';
import { printTable, quantile } from './table.mjs';

const { nodes, seconds, runs } = readArguments(
  'node packages/testkit/sim/bench.mjs [--nodes 1000] [--seconds 10] [--runs 5]',
  { nodes: 1000, seconds: 10, runs: 5 },
);
/** Virtual over real time: 20 at 1,000 members, 1 at 10,000, in between in proportion. */
const goal = nodes <= 1000 ? 20 : nodes >= 10_000 ? 1 : 20_000 / nodes;

const sim = new Simulator({ seed: 1, nodes });
sim.startAll({ acquainted: true });
// Run past the first announces, until the code is compiled.
sim.run(Math.max(3000, 20_000_000 / nodes));
const ratios = [];
const ofCpu = [];
let packets = 0;
for (let run = 0; run < runs; run++) {
  const before = sim.stats.packets;
  const cpu = process.cpuUsage();
  const start = performance.now();
  sim.run(seconds * 1000);
  const { user, system } = process.cpuUsage(cpu);
  ratios.push((seconds * 1000) / (performance.now() - start));
  ofCpu.push((seconds * 1e6) / (user + system));
  packets = sim.stats.packets - before;
}
const [ratio, cpuRatio] = [quantile(ratios, 0.5), quantile(ofCpu, 0.5)];
printTable(
  [
    'simulator, LAN preset',
    'virtual / real',
    'virtual / CPU',
    'goal',
    'holds',
    'us of CPU a packet',
    'GB',
  ],
  [
    [
      `${nodes} members, ${seconds} s, median of ${runs}`,
      ratio.toFixed(1),
      cpuRatio.toFixed(1),
      `>= ${goal.toFixed(1)}`,
      cpuRatio >= goal ? 'yes' : 'NO',
      ((seconds * 1e6) / cpuRatio / packets).toFixed(1),
      (process.memoryUsage().rss / 1e9).toFixed(2),
    ],
  ],
);
