// The figures of the SWIM paper (Das, Gupta, Motivala, DSN 2002), measured in the simulator.
import { lan } from '@shoal/membership';
import { Simulator } from '@shoal/testkit/simulator';
import { mean, printTable, quantile } from './table.mjs';

/** SWIM as in the paper: only pings and acks carry updates, and there is no Lifeguard. */
const SWIM = {
  ...lan(),
  gossip: undefined,
  announce: undefined,
  announceDown: undefined,
  lifeguard: { localHealth: false, suspicion: false, buddy: false },
};
const PERIOD = SWIM.probePeriod;
/** The time until the start is over and the members' periods are out of step. */
const SETTLE = 3 * PERIOD;

function settled(seed, nodes, config = SWIM) {
  const sim = new Simulator({ seed, nodes, config });
  sim.startAll({ acquainted: true });
  sim.run(SETTLE);
  return sim;
}

/** Mean periods from a crash until the member is first probed, and until that probe has failed. */
function firstDetections(nodes, trials) {
  const crashes = Math.max(1, Math.floor(nodes / 32));
  const periods = [];
  const delays = [];
  for (let seed = 0; periods.length < trials; seed++) {
    const sim = settled(`detect ${nodes} ${seed}`, nodes);
    const first = new Map();
    sim.observers.push({
      event(_, event) {
        if (event.type !== 'probe' || event.outcome !== 'failed') return;
        if (!first.has(event.target.address)) first.set(event.target.address, sim.now);
      },
    });
    // At different moments of the period.
    const crashedAt = Array.from({ length: crashes }, (_, i) => sim.now + (i * PERIOD) / crashes);
    for (const [node, at] of crashedAt.entries()) {
      sim.at(at, () => sim.inject({ type: 'crash', node }));
    }
    sim.run(SETTLE + 12 * PERIOD);
    for (const [node, at] of crashedAt.entries()) {
      const detected = first.get(sim.nodes[node].address);
      if (detected === undefined) continue;
      delays.push((detected - at) / PERIOD);
      periods.push(Math.max(1, Math.ceil((detected - PERIOD - at) / PERIOD)));
    }
  }
  return { period: mean(periods), delay: mean(delays), trials: periods.length };
}

/** Packets per member and period while nothing happens. */
function restLoad(nodes, config) {
  const sim = settled(`load ${nodes}`, nodes, config);
  const before = sim.stats.packets;
  sim.run(40 * PERIOD);
  return (sim.stats.packets - before) / nodes / 40;
}

/** The number of periods until an update has reached all other members, and 99 % of them. */
function dissemination(nodes, trials, config) {
  const all = [];
  const most = [];
  let missed = 0;
  for (let seed = 0; seed < trials; seed++) {
    const sim = settled(`spread ${nodes} ${seed}`, nodes, config);
    const heard = [];
    sim.observers.push({
      event: (_, event) => {
        if (event.type === 'memberUpdated') heard.push((sim.now - start) / PERIOD);
      },
    });
    const start = sim.now;
    sim.inject({ type: 'rename', node: 0, metadata: 'new' });
    sim.runUntil(60 * PERIOD, PERIOD, () => heard.length === nodes - 1);
    if (heard.length < nodes - 1) missed += nodes - 1 - heard.length;
    else all.push(heard.at(-1));
    most.push(heard[Math.ceil((nodes - 1) * 0.99) - 1] ?? Number.NaN);
  }
  return { all: mean(all), most: mean(most), median: quantile(all, 0.5), missed };
}

export function printSwim({ quick }) {
  const sizes = quick ? [8, 32, 128] : [8, 16, 32, 64, 128, 256, 512, 1024];
  const trials = quick ? 60 : 400;

  console.log('## SWIM (DSN 2002)\n');
  console.log(
    'First detection of a crash, in protocol periods, and packets a member and period:\n',
  );
  printTable(
    [
      'N',
      'expected',
      'period of first failed probe',
      'crash to suspicion',
      'SWIM packets',
      'LAN preset packets',
      'trials',
    ],
    sizes.map((nodes) => {
      const { period, delay, trials: done } = firstDetections(nodes, trials);
      // The paper's 1 / (1 - (1 - 1/(N-1))^(N-1)), which tends to e / (e - 1).
      const expected = 1 / (1 - (1 - 1 / (nodes - 1)) ** (nodes - 1));
      return [
        nodes,
        expected.toFixed(2),
        period.toFixed(2),
        delay.toFixed(2),
        restLoad(nodes, SWIM).toFixed(2),
        restLoad(nodes, lan()).toFixed(2),
        done,
      ];
    }),
  );

  console.log('Mean number of periods until an update about one member has reached the others:\n');
  printTable(
    [
      'N',
      'SWIM: 99 %',
      'SWIM: all',
      'all / ln N',
      'LAN preset: 99 %',
      'LAN preset: all',
      'not reached',
    ],
    sizes.map((nodes) => {
      const runs = quick ? 5 : nodes < 500 ? 40 : 15;
      const swim = dissemination(nodes, runs, SWIM);
      const gossip = dissemination(nodes, runs, lan());
      return [
        nodes,
        swim.most.toFixed(2),
        swim.all.toFixed(2),
        (swim.all / Math.log(nodes)).toFixed(2),
        gossip.most.toFixed(2),
        gossip.all.toFixed(2),
        `${swim.missed} + ${gossip.missed}`,
      ];
    }),
  );
}
