import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openLmdbLog } from '../dist/index.js';
import { apply, difference, LOST, seededRandom } from './operations.mjs';

const WORKER = fileURLToPath(new URL('./worker.mjs', import.meta.url));
/** How many runs share a log before the next one starts in a new directory. */
const RUNS_PER_LOG = 25;

/** How many runs end with a takeover by this process instead of a kill. */
const TAKEOVERS = 0.4;
/** How long a process may take to notice that its log was taken over, in ms. */
const NOTICE = 20_000;

/**
 * Ends the work of a process that changes a log at random moments: by a kill, or by opening the log
 * here while it writes. The log must then be as it was after some step, not before the last one
 * confirmed as durable. Throws otherwise.
 */
export async function campaign({ runs, seed, directory, onRun = () => {} }) {
  const counts = {
    runs: 0,
    kills: 0,
    takeovers: 0,
    steps: 0,
    between: 0,
    lost: 0,
    opening: 0,
    kinds: {},
  };
  let model;
  for (let run = 0; run < runs; run++) {
    const path = `${directory}/${Math.floor(run / RUNS_PER_LOG)}`;
    if (run % RUNS_PER_LOG === 0) model = { next: 1, entries: [], archives: [] };
    try {
      model = await oneRun(path, `${seed}/${run}`, model, counts);
    } catch (cause) {
      throw new Error(`run ${run} with seed ${seed}, log in ${path}: ${cause.message}`, { cause });
    }
    counts.runs++;
    onRun(counts);
  }
  return counts;
}

async function oneRun(path, seed, model, counts) {
  const random = seededRandom(`kill ${seed}`);
  const isTakeover = random() < TAKEOVERS;
  counts[isTakeover ? 'takeovers' : 'kills']++;
  const { lines, log } = await interrupt({ path, seed, random, isTakeover });
  const operations = [];
  let confirmed = 0;
  for (const line of lines) {
    if (line.startsWith('b ')) operations.push(JSON.parse(line.slice(2)));
    else if (line.startsWith('d ')) confirmed = Math.max(confirmed, Number(line.slice(2)) + 1);
  }
  if (!lines.includes('ready')) counts.opening++;
  counts.steps += operations.length;
  // Confirmed steps must be there. Later ones may be, up to any step.
  let state = model;
  for (const operation of operations.slice(0, confirmed)) state = apply(state, operation);
  try {
    await log.verify();
    const reasons = [];
    for (let step = confirmed; ; step++) {
      const reason = await difference(log, state);
      if (reason === undefined) {
        const next = operations[step];
        if (next !== undefined) {
          counts.between++;
          counts.kinds[next.op] = (counts.kinds[next.op] ?? 0) + 1;
        }
        return state;
      }
      reasons.push(`${step}: ${reason}`);
      if (step === operations.length) break;
      state = apply(state, operations[step]);
    }
    throw new Error(`the log matches no step from ${confirmed} on: ${reasons.join('; ')}`);
  } finally {
    await log.close();
  }
}

/** Interrupts a worker. Returns what it had printed by then, and the log, which is open. */
async function interrupt({ path, seed, random, isTakeover }) {
  const child = spawn(process.execPath, [WORKER, path, seed], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = [];
  const reader = createInterface({ input: child.stdout });
  // Most workers are interrupted at work, some while they open the log.
  const start = !isTakeover && random() < 0.1 ? 'opening' : 'ready';
  const exited = once(child, 'exit');
  const started = new Promise((resolve) => {
    reader.on('line', (line) => {
      lines.push(line);
      if (line === start) resolve();
    });
  });
  const read = once(reader, 'close');
  await Promise.race([started, exited]);
  await sleep(Math.floor(random() * (start === 'opening' ? 20 : 120)));
  // Timers are coarse, so wait actively for the rest.
  const until = process.hrtime.bigint() + BigInt(Math.floor(random() * 1e6));
  while (process.hrtime.bigint() < until);
  if (!isTakeover) child.kill('SIGKILL');
  // For a takeover, the worker writes while this process opens and checks the log.
  const taken = isTakeover ? await openLmdbLog({ path }) : undefined;
  const timer = setTimeout(() => child.kill('SIGTERM'), NOTICE);
  const [code, signal] = await exited;
  clearTimeout(timer);
  await read;
  const ended = signal ?? code;
  if (ended !== (isTakeover ? LOST : 'SIGKILL')) {
    throw new Error(`the process ended with ${ended}: ${lines.join('\n')}`);
  }
  return { lines, log: taken ?? (await openLmdbLog({ path })) };
}
