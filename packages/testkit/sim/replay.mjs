// Repeats one seed of the campaign, or a stored log, and reports what happened.
import { readFileSync, writeFileSync } from 'node:fs';
import { planRun, runPlan, shrinkPlan } from '@shoal/testkit/simulator';
import { readArguments } from './arguments.mjs';

const { seed, duration, log, stored, shrink } = readArguments(
  'node packages/testkit/sim/replay.mjs --seed S [--duration 3000] [--shrink] [--log FILE] | --stored FILE',
  { seed: 1, duration: 3000, log: '', stored: '', shrink: false },
  { duration: 1200 },
);

if (stored) compare(readFileSync(stored, 'utf8').split('\n'));
else run(planRun(seed, { duration: duration * 1000 }));

function run(plan) {
  let outcome = runPlan(plan);
  if (shrink) outcome = shrinkPlan(outcome);
  const { nodes, preset, faults, seed: _, duration: __, ...settings } = outcome.plan;
  console.log(`${nodes} nodes, ${preset}, ${JSON.stringify(settings)}`);
  for (const { at, fault } of faults) console.log(`${at / 1000} s  ${JSON.stringify(fault)}`);
  if (log) {
    const { log: lines, digest } = runPlan(outcome.plan, { log: true });
    writeFileSync(log, [JSON.stringify(outcome.plan), ...lines, digest].join('\n'));
    console.log(`${lines.length} lines in ${log}; to compare: --stored ${log}`);
  }
  tell(outcome);
}

function tell({ violation, digest, convergedAfter, effects }) {
  console.log(`effects of the faults: ${JSON.stringify(effects)}`);
  console.log(`digest ${digest}`);
  if (violation) {
    console.log(`FAILED ${violation.stack}`);
    if (violation.cause) console.log(violation.cause);
    process.exitCode = 1;
  } else console.log(`passed; all views agreed ${convergedAfter / 1000} s after the last fault`);
}

/** Repeats the plan of a stored log, and finds the first line that differs. */
function compare([plan, ...lines]) {
  const was = lines.pop();
  const outcome = runPlan(JSON.parse(plan), { log: true });
  const differs = lines.findIndex((line, i) => line !== outcome.log[i]);
  tell(outcome);
  if (was === outcome.digest && differs < 0) {
    console.log(`equal to the stored log in all ${lines.length} lines`);
    return;
  }
  console.log(`DIFFERS from the stored log at line ${differs + 2}:`);
  console.log(`  stored: ${lines[differs]}\n  now:    ${outcome.log[differs]}`);
  process.exitCode = 1;
}
