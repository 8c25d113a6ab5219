// Draws a cluster of 200 that loses a third of its nodes and gets them back.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lan } from '@shoal/membership';
import { Simulator } from '@shoal/testkit/simulator';
import { readArguments } from './arguments.mjs';

const UNKNOWN = 0;
const ALIVE = 1;
const SUSPECT = 2;
const DOWN = 3;

const { out, seed, nodes } = readArguments(
  'node packages/testkit/sim/picture.mjs [--out FILE] [--seed 7] [--nodes 200]',
  {
    out: fileURLToPath(new URL('../../../docs/simulation.svg', import.meta.url)),
    seed: 7,
    nodes: 200,
  },
);
const SPLIT_AT = 30_000;
const HEAL_AT = 120_000;
const END = 200_000;
const STEP = 500;
/** The last nodes, by number, are the third that is cut off. */
const cutOff = Math.floor(nodes / 3);

const samples = simulate();
writeFileSync(out, draw(samples));
console.log(`${out}: ${nodes} nodes, seed ${seed}`);
tell(samples);

/**
 * Every STEP ms: how many members each view holds in each state, of all and of those on the other
 * side of the split; and packets sent since.
 */
function simulate() {
  const sim = new Simulator({ seed, nodes, config: lan() });
  const numbers = new Map(sim.nodes.map((node) => [node.address, node.index]));
  const views = sim.nodes.map(() => new Uint8Array(nodes));
  sim.observers.push({
    event(node, event) {
      if (!('member' in event)) return;
      const { id, state } = event.member;
      const code = state === 'alive' ? ALIVE : state === 'suspect' ? SUSPECT : DOWN;
      views[node.index][numbers.get(id.address)] = code;
    },
  });
  sim.startAll();
  const third = Array.from({ length: cutOff }, (_, i) => nodes - 1 - i);
  sim.at(SPLIT_AT, () => sim.inject({ type: 'partition', nodes: third }));
  sim.at(HEAL_AT, () => sim.inject({ type: 'heal' }));
  const samples = [];
  let packets = 0;
  for (let time = STEP; time <= END; time += STEP) {
    sim.run(STEP);
    const rows = views.map((view, i) => countStates(view, (other) => other !== i));
    const across = views.map((view, i) =>
      countStates(view, (other) => isCutOff(other) !== isCutOff(i)),
    );
    const load = (sim.stats.packets - packets) / nodes / (STEP / 1000);
    samples.push({ time, rows, across, load });
    packets = sim.stats.packets;
  }
  return samples;
}

function isCutOff(node) {
  return node >= nodes - cutOff;
}

/** How many of the wanted nodes are in each state in a view. */
function countStates(view, wanted) {
  const counts = [0, 0, 0, 0];
  for (const [node, code] of view.entries()) if (wanted(node)) counts[code]++;
  return counts;
}

function tell(list) {
  const pairs = nodes * (nodes - 1);
  const active = ({ rows }) => rows.reduce((sum, row) => sum + row[ALIVE] + row[SUSPECT], 0);
  const sidesOnly = (nodes - cutOff) * (nodes - cutOff - 1) + cutOff * (cutOff - 1);
  /** How long after `from`, in s, the condition first holds. */
  const after = (from, holds) => {
    const one = list.find(({ time }, i) => time > from && holds(list[i]));
    return one === undefined ? 'not yet' : `${(one.time - from) / 1000} s`;
  };
  const report = (what, from, correct) => {
    const most = after(from, (one) => correct(one) >= 0.999 * pairs);
    console.log(
      `${what}: 99.9 % of all views after ${most}, all after ${after(from, (one) => correct(one) >= pairs)}`,
    );
  };
  report('joined', 0, active);
  report('each side on its own', SPLIT_AT, (one) => pairs - Math.max(0, active(one) - sidesOnly));
  report('healed', HEAL_AT, active);
}

function draw(list) {
  const width = 1160;
  const left = 64;
  const right = width - 168;
  const x = (time) => left + ((right - left) * time) / END;
  const round = (value) => Number(value.toFixed(1));
  const parts = [];

  const COLORS = { alive: [38, 166, 154], suspect: [245, 166, 35], down: [46, 58, 89] };
  const hex = (color) =>
    `#${color.map((c) => Math.round(c).toString(16).padStart(2, '0')).join('')}`;
  /** Mixes the colors by shares of members, in steps, so that equal neighbors can be joined. */
  const mix = ([unknown, alive, suspect, down]) => {
    const steps = 16;
    const share = (count) =>
      Math.round((count / (unknown + alive + suspect + down)) * steps) / steps;
    const [a, s] = [share(alive), share(suspect)];
    const d = Math.max(0, 1 - a - s);
    return hex(
      [0, 1, 2].map((i) => {
        return (COLORS.alive[i] * a + COLORS.suspect[i] * s + COLORS.down[i] * d) / (a + s + d);
      }),
    );
  };
  const text = (tx, ty, string, more = '') =>
    parts.push(`<text x="${round(tx)}" y="${round(ty)}" ${more}>${string}</text>`);

  // One row for each member's view.
  const top = 128;
  const rowHeight = Math.max(1, 480 / nodes);
  const gap = 10;
  const rowTop = (i) => top + i * rowHeight + (i < nodes - cutOff ? 0 : gap);
  const rowsEnd = rowTop(nodes - 1) + rowHeight;
  parts.push('<g shape-rendering="crispEdges">');
  for (let i = 0; i < nodes; i++) {
    for (let from = 0; from < list.length; ) {
      const color = mix(list[from].across[i]);
      let to = from + 1;
      while (to < list.length && mix(list[to].across[i]) === color) to++;
      const [x1, x2] = [x(list[from].time - STEP), x(list[to - 1].time)];
      parts.push(
        `<path fill="${color}" d="M${round(x1)} ${round(rowTop(i))}H${round(x2)}v${rowHeight}H${round(x1)}z"/>`,
      );
      from = to;
    }
  }
  parts.push('</g>');
  const side = (from, to, name) => {
    const y = (rowTop(from) + rowTop(to - 1) + rowHeight) / 2;
    text(right + 14, y - 2, `${to - from} nodes`, 'class="strong"');
    text(right + 14, y + 14, name, 'class="soft"');
  };
  side(0, nodes - cutOff, 'stay together');
  side(nodes - cutOff, nodes, 'are cut off');

  // What all views hold, added up.
  const stackTop = rowsEnd + 46;
  const stackHeight = 96;
  const pairs = nodes * (nodes - 1);
  const shares = list.map(({ rows }) => {
    const sum = (state) => rows.reduce((total, row) => total + row[state], 0) / pairs;
    return [sum(ALIVE), sum(SUSPECT), sum(DOWN) + sum(UNKNOWN)];
  });
  let floor = shares.map(() => 0);
  for (const [i, name] of ['alive', 'suspect', 'down'].entries()) {
    const ceiling = floor.map((value, j) => value + shares[j][i]);
    const y = (value) => round(stackTop + stackHeight * (1 - value));
    const line = (values) => values.map((value, j) => `${round(x(list[j].time))} ${y(value)}`);
    const outline = [...line(ceiling), ...line(floor).reverse()].join('L');
    parts.push(`<path fill="${hex(COLORS[name])}" d="M${outline}z"/>`);
    floor = ceiling;
  }
  text(right + 14, stackTop + 20, 'all views', 'class="strong"');
  text(right + 14, stackTop + 36, 'added up', 'class="soft"');
  text(left - 8, stackTop + 5, '100 %', 'class="tick" text-anchor="end"');
  text(left - 8, stackTop + stackHeight + 4, '0', 'class="tick" text-anchor="end"');

  // Packets a member and second.
  const loadTop = stackTop + stackHeight + 34;
  const loadHeight = 84;
  const most = Math.max(...list.map(({ load }) => load));
  const scale = Math.ceil(most / 10) * 10;
  const loadY = (load) => round(loadTop + loadHeight * (1 - load / scale));
  const points = list.map(({ time, load }) => `${round(x(time - STEP / 2))} ${loadY(load)}`);
  parts.push(
    `<path fill="none" stroke="#d7dbe4" d="M${left} ${loadY(0)}H${right}M${left} ${loadY(scale)}H${right}"/>`,
    `<path fill="none" stroke="#5b6bbf" stroke-width="1.5" stroke-linejoin="round" d="M${points.join('L')}"/>`,
  );
  text(left - 8, loadY(0) + 4, '0', 'class="tick" text-anchor="end"');
  text(left - 8, loadY(scale) + 4, scale, 'class="tick" text-anchor="end"');
  text(right + 14, loadTop + 20, 'packets', 'class="strong"');
  text(right + 14, loadTop + 36, 'a member and second', 'class="soft"');

  // Time, and what was done.
  const axis = loadTop + loadHeight + 8;
  for (let time = 0; time <= END; time += 30_000) {
    parts.push(`<path stroke="#b4bac8" d="M${round(x(time))} ${axis}v5"/>`);
    text(x(time), axis + 20, `${time / 1000} s`, 'class="tick" text-anchor="middle"');
  }
  for (const [time, label] of [
    [SPLIT_AT, 'a third is cut off'],
    [HEAL_AT, 'the network heals'],
  ]) {
    parts.push(
      `<path stroke="#11182b" stroke-dasharray="4 3" d="M${round(x(time))} ${top - 14}V${axis}"/>`,
    );
    text(x(time), top - 20, label, 'class="strong" text-anchor="middle"');
  }
  const height = axis + 40;
  const legend = [
    [COLORS.alive, 'alive'],
    [COLORS.suspect, 'suspect'],
    [COLORS.down, 'Down, or not known'],
  ];
  let at = left;
  for (const [color, label] of legend) {
    parts.push(
      `<rect x="${round(at)}" y="66" width="12" height="12" rx="2" fill="${hex(color)}"/>`,
    );
    text(at + 18, 76.5, label, 'class="soft"');
    at += 40 + label.length * 6.6;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${round(height)}" role="img" aria-labelledby="t">
<title id="t">${nodes} simulated nodes of which a third is cut off and comes back</title>
<style>text{font:12px system-ui,sans-serif;fill:#11182b}.title{font-size:20px;font-weight:650}.strong{font-weight:600}.soft{fill:#525c73}.tick{fill:#6a7386;font-size:11px}</style>
<rect width="100%" height="100%" fill="#fff"/>
<text class="title" x="${left}" y="36">${nodes} nodes lose a third of their number, and get it back</text>
<text class="soft" x="${left}" y="55">Each line is one node: what it holds of the nodes on the other side of the split. LAN preset, virtual time, seed ${seed}.</text>
${parts.join('\n')}
</svg>
`;
}
