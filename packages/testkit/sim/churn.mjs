// Nodes come and go at addresses of their own. How many Down members does each node remember, and do
// exchanges of states keep them alive, or cost bytes for good?
import { lan } from '@shoal/membership';
import { Simulator } from '@shoal/testkit/simulator';
import { readArguments } from './arguments.mjs';
import { printTable } from './table.mjs';

const USAGE = 'node churn.mjs [--seeds 3] [--from 1] [--minutes 30]';
const options = readArguments(USAGE, { seeds: 3, from: 1, minutes: 30 }, { seeds: 1, minutes: 11 });

const RUNNING = 20;
/** One node goes and another one comes this often, in ms. */
const PERIOD = 10_000;
const SCAN = 1000;
const config = { ...lan(), removeDownAfter: 300_000 };
const EXCHANGE_INTERVAL = 30_000;

/** Runs the churn, then lets the cluster forget and rest. */
function run(seed, exchange) {
  const duration = options.minutes * 60_000;
  const nodes = RUNNING + Math.ceil(duration / PERIOD);
  const sim = new Simulator({ seed, nodes, config, exchange, join: { seeds: [0, 1, 2] } });
  for (let index = 0; index < RUNNING; index++) sim.start(index);
  sim.run(60_000);
  const gone = [];
  let oldest = 3; // The seeds stay.
  let next = RUNNING;
  let most = 0;
  let worst = Number.NEGATIVE_INFINITY;
  for (let at = PERIOD; at <= duration; at += PERIOD) {
    sim.inject({ type: gone.length % 2 === 0 ? 'crash' : 'leave', node: oldest++ });
    gone.push(sim.now);
    sim.start(next++);
    for (let ms = 0; ms < PERIOD; ms += SCAN) {
      sim.run(SCAN);
      const since = sim.now - config.removeDownAfter - EXCHANGE_INTERVAL;
      const bound = gone.filter((when) => when >= since).length;
      for (const { swim } of sim.running) {
        const { down } = swim.stats();
        most = Math.max(most, down);
        worst = Math.max(worst, down - bound);
      }
    }
  }
  sim.run(config.removeDownAfter + 2 * EXCHANGE_INTERVAL);
  const down = Math.max(...sim.running.map(({ swim }) => swim.stats().down));
  const before = sim.stats.bytes;
  const rest = 300_000;
  sim.run(rest);
  const bytes = (sim.stats.bytes - before) / sim.running.length / (rest / 1000);
  return { gone: gone.length, most, worst, down, bytes };
}

let failed = 0;
const rows = [];
for (let i = 0; i < options.seeds; i++) {
  const seed = `churn ${options.from + i}`;
  const without = run(seed, undefined);
  const withExchanges = run(seed, { interval: EXCHANGE_INTERVAL });
  const ratio = withExchanges.bytes / without.bytes;
  const holds = withExchanges.worst <= 0 && withExchanges.down === 0 && ratio < 1.05;
  if (!holds) failed++;
  for (const [name, one] of [
    ['off', without],
    ['on', withExchanges],
  ]) {
    rows.push([seed, name, one.gone, one.most, one.worst, one.down, one.bytes.toFixed(1)]);
  }
}
console.log(
  `${RUNNING} nodes run, one of which crashes or leaves every ${PERIOD / 1000} s while another one comes, for ` +
    `${options.minutes} minutes.\nA Down member is remembered for ${config.removeDownAfter / 1000} s; states are exchanged every ` +
    `${EXCHANGE_INTERVAL / 1000} s.\n"Over the bound": the most Down members of any node, less what has gone within that time and\n` +
    'one exchange interval. The last two columns are measured at rest, once all may be forgotten.\n',
);
printTable(
  ['seed', 'exchanges', 'gone', 'most Down', 'over the bound', 'Down at rest', 'bytes/s a node'],
  rows,
);
console.log(`${options.seeds - failed} hold, ${failed} failed`);
if (failed > 0) console.log(`replay one: node packages/testkit/sim/churn.mjs --seeds 1 --from N`);
process.exitCode = failed > 0 ? 1 : 0;
