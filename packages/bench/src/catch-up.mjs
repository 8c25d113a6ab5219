// A replica that was away catches up on a million entries, over TCP, with logs in LMDB. Feeder and
// replica run in separate processes, so that the memory of each can be measured: its private
// resident memory (RssAnon) minus that at idle, which is taken after a warm-up and a garbage
// collection. Pages of the database file belong to the system's cache; they are printed, but not
// counted. Memory grows at first, because garbage waits to be collected and the process keeps what
// was collected. Two things show that nothing else grows: a run with four times the entries, and
// the memory in use after a final collection.
import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLmdbLog } from '@shoal/log-lmdb';
import { MemoryLog } from '@shoal/syncup';
import { startFeeder, startReplica } from '@shoal/syncup/driver';
import { createTcpTransport } from '@shoal/transport-node';
import { printTable } from './table.mjs';

const COUNTS = [1_000_000, 4_000_000];
const SIZE = 64;
const GOAL_MB = 100;
const tcp = createTcpTransport();
const [role, path, entries, address] = process.argv.slice(2);
const count = Number(entries);

if (role === 'feeder') await feed();
else if (role === 'replica') await replicate();
else await main();

/** Resident memory in MB: private, and of mapped files. */
function memory() {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  const kb = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? Number.NaN);
  const own = kb('RssAnon') / 1024;
  return Number.isNaN(own)
    ? { own: process.memoryUsage().rss / 2 ** 20, files: 0 }
    : { own, files: kb('RssFile') / 1024 };
}

/** Memory used by the heap and by buffers after a full garbage collection, in MB. */
async function inUse() {
  for (let i = 0; i < 2; i++) {
    globalThis.gc();
    await sleep(100);
  }
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

/** Samples this process's memory while `run` runs. */
async function sampled(run) {
  const used = await inUse();
  const idle = memory().own;
  const samples = [];
  const timer = setInterval(() => samples.push(memory()), 20);
  await run();
  clearInterval(timer);
  samples.push(memory());
  const quarter = (i) => Math.floor((i * samples.length) / 4);
  const peak = (i) =>
    Math.max(...samples.slice(quarter(i), quarter(i + 1)).map(({ own }) => own)) - idle;
  return {
    quarters: [peak(0), peak(1), peak(2), peak(3)],
    used: (await inUse()) - used,
    files: Math.max(...samples.map(({ files }) => files)),
  };
}

/** Streams a little to and from itself, and collects the garbage. */
async function warmUp() {
  const source = new MemoryLog();
  const payload = new Uint8Array(SIZE);
  await source.append(Array.from({ length: 20_000 }, () => ({ type: 1, payload })));
  const listener = await tcp.listen('127.0.0.1:0');
  const feeder = startFeeder({ log: source, listener });
  const log = await openLmdbLog({ path: `${path}-warm` });
  const dial = (options) => tcp.dial(listener.address, options);
  const replica = startReplica({ log, dial });
  await replica.applied(20_000n);
  await replica.close();
  await feeder.close();
  await log.close();
}

async function feed() {
  await warmUp();
  const log = await openLmdbLog({ path });
  const listener = await tcp.listen('127.0.0.1:0');
  const feeder = startFeeder({ log, listener });
  process.send({
    memory: await sampled(async () => {
      process.send({ address: listener.address });
      await feeder.waitForAcks(BigInt(count), 1);
    }),
  });
  await feeder.close();
  await log.close();
  process.disconnect();
}

async function replicate() {
  await warmUp();
  const log = await openLmdbLog({ path });
  let applied = 0;
  let replica;
  let seconds;
  const used = await sampled(async () => {
    const start = performance.now();
    replica = startReplica({
      log,
      dial: (options) => tcp.dial(address, options),
      onEntries: (entries) => {
        applied += entries.length;
      },
    });
    await replica.applied(BigInt(count));
    seconds = (performance.now() - start) / 1000;
  });
  if (applied !== count) throw new Error(`${applied} of ${count} entries were applied`);
  process.send({ memory: used, seconds });
  // Give the feeder time to receive the acknowledgement.
  await sleep(500);
  await replica.close();
  await log.close();
  process.disconnect();
}

/** Starts this file in another role; messages are awaited with `next`. */
function child(...args) {
  const worker = fork(process.argv[1], args, { execArgv: ['--expose-gc'] });
  const messages = [];
  let wake;
  worker.on('message', (message) => {
    messages.push(message);
    wake?.();
  });
  const failed = new Promise((_, reject) => {
    worker.on('error', reject);
    worker.on('exit', (code) => code !== 0 && reject(new Error(`${args[0]} exited with ${code}`)));
  });
  failed.catch(() => {});
  const next = async () => {
    while (messages.length === 0) {
      await Promise.race([
        failed,
        new Promise((resolve) => {
          wake = resolve;
        }),
      ]);
    }
    return messages.shift();
  };
  return { next, kill: () => worker.kill() };
}

/** Lets a replica catch up on `count` entries. Returns rows of the table. */
async function catchUp(count) {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-catch-up-'));
  const children = [];
  try {
    const source = join(directory, 'feeder');
    const log = await openLmdbLog({ path: source });
    const payload = new Uint8Array(SIZE).fill(7);
    for (let at = 0; at < count; at += 10_000) {
      const batch = Array.from({ length: 10_000 }, () => ({ type: 1, payload }));
      await log.append(batch, { durable: false });
    }
    await log.close();
    const feeder = child('feeder', source, String(count));
    children.push(feeder);
    const { address: at } = await feeder.next();
    const replica = child('replica', join(directory, 'replica'), String(count), at);
    children.push(replica);
    const results = { replica: await replica.next(), feeder: await feeder.next() };
    const { seconds } = results.replica;
    const rate = Math.round(count / seconds).toLocaleString('en');
    return Object.entries(results).map(([name, { memory: used }]) => {
      const peak = Math.max(...used.quarters);
      return [
        count.toLocaleString('en'),
        `${seconds.toFixed(1)} s`,
        `${rate}/s`,
        name,
        `${peak.toFixed(0)} MB`,
        used.quarters.map((value) => value.toFixed(0)).join(', '),
        `${used.used.toFixed(0)} MB`,
        `${used.files.toFixed(0)} MB`,
        ...(count === COUNTS[0]
          ? [`< ${GOAL_MB} MB`, peak < GOAL_MB ? 'holds' : 'MISSED']
          : ['flat', isFlat(used.quarters) ? 'holds' : 'MISSED']),
      ];
    });
  } finally {
    for (const { kill } of children) kill();
    rmSync(directory, { recursive: true });
  }
}

/** Whether the second half of a run needs at most a fifth more than its second quarter. */
function isFlat([, second, third, fourth]) {
  return Math.max(third, fourth) <= 1.2 * second;
}

async function main() {
  const rows = [];
  for (const count of COUNTS) rows.push(...(await catchUp(count)));
  printTable(
    `A replica catches up on entries of ${SIZE} B, logs in LMDB: memory over idle`,
    ['entries', '', '', 'process', 'peak', 'in each quarter', 'in use', 'mapped files', 'goal', ''],
    rows,
  );
}
