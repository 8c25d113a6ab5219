// The experiments of the Lifeguard paper (arXiv 1707.00788), repeated in the simulator.
import { lan } from '@shoal/membership';
import { Simulator } from '@shoal/testkit/simulator';
import { printTable, quantile } from './table.mjs';

const MEMBERS = 128;
/** The time before the anomalies, and their duration, in ms. */
const QUIET = 15_000;
const ANOMALIES = 120_000;

const part = (parts) => ({ localHealth: false, suspicion: false, buddy: false, ...parts });
/** `published`: false positives, those at healthy members, and messages, in % of SWIM's. */
const VARIANTS = [
  { name: 'SWIM', parts: part({}), published: ['100', '100', '100'] },
  { name: 'LHA-Probe', parts: part({ localHealth: true }), published: ['67.7', '', ''] },
  { name: 'LHA-Suspicion', parts: part({ suspicion: true }), published: ['3.0', '', ''] },
  { name: 'Buddy system', parts: part({ buddy: true }), published: ['94.1', '', ''] },
  { name: 'Lifeguard', parts: true, published: ['1.53', '1.89', '110.6'] },
];

const configOf = (lifeguard) => ({
  ...lan(),
  suspicion: { type: 'scaled', multiplier: 5 },
  lifeguard,
});

/** `count` members are by turns blocked for `blocked` ms and free for `free` ms. */
function intervalRun({ parts, count, blocked, free, seed }) {
  const sim = new Simulator({ seed, nodes: MEMBERS, config: configOf(parts) });
  sim.startAll({ acquainted: true });
  sim.run(QUIET);
  const result = { wrong: 0, wrongAtHealthy: 0, packets: 0 };
  // The members with numbers below `count` have anomalies.
  const index = new Map(sim.nodes.map((node) => [node.address, node.index]));
  sim.observers.push({
    event(node, event) {
      if (event.type !== 'memberDown' || event.reason !== 'failed') return;
      if (index.get(event.member.id.address) < count) return;
      result.wrong++;
      if (node.index >= count) result.wrongAtHealthy++;
    },
  });
  const before = sim.stats.packets;
  const end = sim.now + ANOMALIES;
  for (let at = sim.now; at < end; at += blocked + free) {
    sim.at(at, () => {
      for (let node = 0; node < count; node++) sim.inject({ type: 'block', node, ms: blocked });
    });
  }
  // The last block may end later, and have effects after that.
  sim.run(ANOMALIES + blocked);
  result.packets = sim.stats.packets - before;
  return result;
}

/** `count` members crash at once. Returns the seconds to the first Down, and to Down at all. */
function detectionRun({ parts, count, seed }) {
  const sim = new Simulator({ seed, nodes: MEMBERS, config: configOf(parts) });
  sim.startAll({ acquainted: true });
  sim.run(QUIET);
  const times = new Map();
  sim.observers.push({
    event(_, event) {
      if (event.type !== 'memberDown') return;
      const { address } = event.member.id;
      if (!times.has(address)) times.set(address, []);
      times.get(address).push((sim.now - crashed) / 1000);
    },
  });
  const crashed = sim.now;
  for (let node = 0; node < count; node++) sim.inject({ type: 'crash', node });
  sim.run(120_000);
  return [...times.values()].map((list) => ({
    first: list[0],
    all: list.length === MEMBERS - count ? list.at(-1) : Number.NaN,
  }));
}

export function printLifeguard({ quick }) {
  const counts = quick ? [4, 16] : [1, 4, 8, 16, 32];
  const blocks = quick ? [16_384] : [2048, 16_384, 32_768];
  const frees = quick ? [1024] : [64, 1024, 16_384];
  const runs = counts.flatMap((count) =>
    blocks.flatMap((blocked) => frees.map((free) => ({ count, blocked, free }))),
  );

  const totals = VARIANTS.map(({ name, parts }) => {
    const byCount = new Map(counts.map((count) => [count, 0]));
    const total = { name, wrong: 0, wrongAtHealthy: 0, packets: 0, byCount };
    for (const run of runs) {
      const seed = `interval ${run.count} ${run.blocked} ${run.free}`;
      const result = intervalRun({ ...run, parts, seed });
      total.wrong += result.wrong;
      total.wrongAtHealthy += result.wrongAtHealthy;
      total.packets += result.packets;
      byCount.set(run.count, byCount.get(run.count) + result.wrong);
    }
    return total;
  });

  console.log('## Lifeguard (arXiv 1707.00788)\n');
  console.log(
    `${MEMBERS} members, suspicion multiplier 5; C of them blocked for D and free for I, by turns, ` +
      `for ${ANOMALIES / 1000} s.\nC of ${counts.join(', ')}; D of ${blocks.join(', ')} ms; ` +
      `I of ${frees.join(', ')} ms: ${runs.length} runs for each line.\n` +
      'False positives: a healthy member is declared Down; counted at each member that does so.\n',
  );
  const [swim] = totals;
  const percent = (value, of) => (of === 0 ? '-' : ((100 * value) / of).toFixed(2));
  printTable(
    [
      '',
      'false positives',
      '% of SWIM',
      'published',
      'at healthy',
      '% of SWIM',
      'published',
      'packets %',
      'published',
    ],
    totals.map((total, i) => {
      const [wrong, healthy, packets] = VARIANTS[i].published;
      return [
        total.name,
        total.wrong,
        percent(total.wrong, swim.wrong),
        wrong,
        total.wrongAtHealthy,
        percent(total.wrongAtHealthy, swim.wrongAtHealthy),
        healthy,
        percent(total.packets, swim.packets),
        packets,
      ];
    }),
  );
  console.log('False positives by the number C of members with anomalies:\n');
  printTable(
    ['', ...counts.map((count) => `C = ${count}`)],
    totals.map(({ name, byCount }) => [name, ...byCount.values()]),
  );

  console.log(
    'True failures: seconds from a crash to the first Down, and to Down at all members:\n',
  );
  printTable(
    ['', 'first: median', '99 %', 'all: median', '99 %', 'crashes'],
    VARIANTS.map(({ name, parts }) => {
      const found = (quick ? [1, 8] : [1, 4, 8, 16, 32]).flatMap((count) =>
        Array.from({ length: quick ? 1 : Math.ceil(32 / count) }, (_, seed) =>
          detectionRun({ parts, count, seed: `crash ${count} ${seed}` }),
        ).flat(),
      );
      const first = found.map((one) => one.first);
      const all = found.map((one) => one.all);
      const cells = [first, all].flatMap((list) => [quantile(list, 0.5), quantile(list, 0.99)]);
      return [name, ...cells.map((value) => value.toFixed(2)), found.length];
    }),
  );
}
