// Thousands of runs with random faults, each made from a seed: `npm run sim`.
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { planRun, runPlan } from '@shoal/testkit/simulator';
import { readArguments } from './arguments.mjs';

if (isMainThread) await campaign();
else work();

/** Runs one seed after the other until none is left. */
function work() {
  const { next, from, seeds, limits } = workerData;
  const counter = new Int32Array(next);
  for (;;) {
    const seed = from + Atomics.add(counter, 0, 1);
    if (seed >= from + seeds) break;
    const { plan, violation, convergedAfter, load, effects, stats, digest } = runPlan(
      planRun(seed, limits),
    );
    parentPort.postMessage({
      seed,
      nodes: plan.nodes,
      faults: plan.faults.map(({ fault }) => fault.type),
      violation: violation?.message,
      convergedAfter,
      load,
      effects,
      packets: stats.packets,
      exchanges: stats.exchanges,
      digest,
    });
  }
}

async function campaign() {
  const options = readArguments(
    'node packages/testkit/sim/campaign.mjs [--seeds 2000] [--from 1] [--duration 3000] [--jobs CORES]',
    { seeds: 2000, from: 1, duration: 3000, jobs: availableParallelism() },
    { seeds: 1, duration: 1200, jobs: 1 },
  );
  const { seeds, from, duration, jobs } = options;
  const started = performance.now();
  const results = [];
  const workerOptions = {
    workerData: {
      next: new SharedArrayBuffer(4),
      from,
      seeds,
      limits: { duration: duration * 1000 },
    },
  };
  console.log(`${seeds} seeds from ${from}, ${duration} virtual seconds each, ${jobs} at a time`);
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      const worker = new Worker(new URL(import.meta.url), workerOptions);
      worker.on('message', (result) => {
        results.push(result);
        report(result, options);
        if (results.length % 100 === 0) console.log(`${results.length} of ${seeds}`);
      });
      await new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject));
    }),
  );
  const ok = summarize(results, options, (performance.now() - started) / 1000);
  process.exitCode = ok ? 0 : 1;
}

function report({ seed, violation }, { duration }) {
  if (violation === undefined) return;
  const limits = duration === 3000 ? '' : ` --duration ${duration}`;
  console.log(`FAILED seed ${seed}: ${violation}`);
  console.log(`  to repeat it: node packages/testkit/sim/replay.mjs --seed ${seed}${limits}`);
}

function summarize(results, { seeds, duration }, seconds) {
  const asked = new Map();
  const effects = new Map();
  for (const result of results) {
    for (const type of result.faults) asked.set(type, (asked.get(type) ?? 0) + 1);
    for (const [name, count] of Object.entries(result.effects)) {
      effects.set(name, (effects.get(name) ?? 0) + count);
    }
  }
  const line = (map) => [...map].map(([name, count]) => `${name} ${count}`).join(', ');
  const sum = (pick) => results.reduce((total, result) => total + pick(result), 0);
  const sorted = (pick) => results.flatMap((one) => pick(one) ?? []).sort((a, b) => a - b);
  const converged = sorted((result) => result.convergedAfter);
  const loads = sorted((result) => result.load);
  const at = (list, share) => list[Math.floor((list.length - 1) * share)] ?? Number.NaN;
  const failed = results.filter((result) => result.violation !== undefined).length;
  const idle = [...effects].filter(([, count]) => count === 0).map(([name]) => name);

  console.log(`planned faults: ${line(asked)}`);
  console.log(`their effects:  ${line(effects)}`);
  console.log(
    `${sum((one) => one.nodes)} nodes, ${(seeds * duration) / 3600} virtual hours, ` +
      `${sum((one) => one.packets)} packets, ${sum((one) => one.exchanges)} exchanges of states, in ${seconds.toFixed(0)} s`,
  );
  console.log(
    `all views agreed after the last fault: median ${at(converged, 0.5) / 1000} s, ` +
      `99 % ${at(converged, 0.99) / 1000} s, at the latest ${at(converged, 1) / 1000} s`,
  );
  console.log(
    `packets per member and period at rest: ${at(loads, 0)?.toFixed(2)} to ${at(loads, 1)?.toFixed(2)}`,
  );
  // The same on every machine, for the same seeds and the same core.
  const digests = results.sort((a, b) => a.seed - b.seed).map(({ digest }) => digest);
  console.log(`digest of all runs: ${createHash('sha256').update(digests.join()).digest('hex')}`);
  if (idle.length > 0) console.log(`FAILED: without any effect: ${idle.join(', ')}`);
  console.log(`${results.length - failed} passed, ${failed} failed`);
  return failed === 0 && idle.length === 0 && results.length === seeds;
}
