// The rounds of all contestants alternate, so that other load on the machine affects them alike.
// Each figure is the median of its rounds.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const ROUNDS = 7;
const ROUND_MS = 150;

/**
 * Measures functions side by side.
 *
 * @param {Record<string, () => unknown>} contestants
 * @returns {Record<string, number>} nanoseconds per call
 */
export function measure(contestants) {
  const entries = Object.entries(contestants);
  const times = new Map(entries.map(([name]) => [name, []]));
  for (const [, run] of entries) spin(run, ROUND_MS);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of entries) times.get(name).push(spin(run, ROUND_MS));
  }
  return Object.fromEntries(entries.map(([name]) => [name, median(times.get(name))]));
}

/** Calls `run` for about `ms` milliseconds. Returns nanoseconds per call. */
function spin(run, ms) {
  const until = performance.now() + ms;
  const start = process.hrtime.bigint();
  let calls = 0;
  let batch = 1;
  while (performance.now() < until) {
    for (let i = 0; i < batch; i++) sink = run();
    calls += batch;
    if (batch < 1024) batch *= 2;
  }
  return Number(process.hrtime.bigint() - start) / calls;
}

/** Keeps results alive, so that no call is optimized away. */
export let sink;

let gc;

/** Collects all garbage, so that no contestant pays for that of the previous one. */
export function collectGarbage() {
  if (gc === undefined) {
    setFlagsFromString('--expose-gc');
    gc = runInNewContext('gc');
  }
  gc();
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** Prints rows with the ratio and, if there is a goal, whether it was reached. Never fails. */
export function report(title, rows) {
  console.log(`\n${title}`);
  const table = rows.map(({ what, ours, theirs, against, goal }) => {
    const ratio = theirs / ours;
    return [
      what,
      `${ours.toFixed(0)} ns`,
      against,
      `${theirs.toFixed(0)} ns`,
      `${ratio.toFixed(2)}x`,
      goal === undefined ? 'none' : `>= ${goal}x`,
      goal === undefined ? '' : ratio >= goal ? 'holds' : 'MISSED',
    ];
  });
  const head = ['what', 'shoal', 'against', 'takes', 'speed', 'goal', ''];
  const widths = head.map((_, i) => Math.max(...[head, ...table].map((row) => row[i].length)));
  for (const row of [head, ...table]) {
    console.log(`  ${row.map((cell, i) => cell.padEnd(widths[i])).join('  ')}`.trimEnd());
  }
}
