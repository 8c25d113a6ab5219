// A replica that has been away catches up on a million entries, over TCP, with logs in LMDB. The
// feeder and the replica are processes of their own, so that each one's memory can be told: what
// is resident and belongs to the process alone (RssAnon), over what it was when idle, which is
// behind a short run that has warmed it up and a garbage collection. Pages of the database's file
// are the system's cache and not counted; they are given as well.
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

const COUNT = 1_000_000;
const SIZE = 64;
const GOAL_MB = 100;
const tcp = createTcpTransport();
const [role, path, address] = process.argv.slice(2);

if (role === 'feeder') await feed();
else if (role === 'replica') await replicate();
else await main();

/** Resident memory in MB: the process's own, and that of mapped files. */
function memory() {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  const kb = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? Number.NaN);
  const own = kb('RssAnon') / 1024;
  return Number.isNaN(own)
    ? { own: process.memoryUsage().rss / 2 ** 20, files: 0 }
    : { own, files: kb('RssFile') / 1024 };
}

/** Samples this process's memory until `done`, and tells the parent. */
async function sampled(done) {
  const idle = memory().own;
  const samples = [];
  const timer = setInterval(() => samples.push(memory()), 20);
  await done;
  clearInterval(timer);
  samples.push(memory());
  const peak = (list) => Math.max(...list.map(({ own }) => own)) - idle;
  const half = samples.length >> 1;
  return {
    first: peak(samples.slice(0, half)),
    second: peak(samples.slice(half)),
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
  await sleep(100);
  globalThis.gc();
  await sleep(100);
}

async function feed() {
  await warmUp();
  const log = await openLmdbLog({ path });
  const listener = await tcp.listen('127.0.0.1:0');
  const feeder = startFeeder({ log, listener });
  process.send({ address: listener.address });
  process.send({ memory: await sampled(feeder.waitForAcks(BigInt(COUNT), 1)) });
  await feeder.close();
  await log.close();
  process.disconnect();
}

async function replicate() {
  await warmUp();
  const log = await openLmdbLog({ path });
  let applied = 0;
  const start = performance.now();
  const replica = startReplica({
    log,
    dial: (options) => tcp.dial(address, options),
    onEntries: (entries) => {
      applied += entries.length;
    },
  });
  const used = await sampled(replica.applied(BigInt(COUNT)));
  const seconds = (performance.now() - start) / 1000;
  if (applied !== COUNT) throw new Error(`${applied} entries were applied`);
  process.send({ memory: used, seconds });
  // The feeder is to get the acknowledgement.
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
    worker.on('exit', (code) => code !== 0 && reject(new Error(`${args[0]} ended with ${code}`)));
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

async function main() {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-catch-up-'));
  const children = [];
  try {
    const source = join(directory, 'feeder');
    const log = await openLmdbLog({ path: source });
    const payload = new Uint8Array(SIZE).fill(7);
    for (let at = 0; at < COUNT; at += 10_000) {
      const entries = Array.from({ length: 10_000 }, () => ({ type: 1, payload }));
      await log.append(entries, { durable: false });
    }
    await log.close();
    const feeder = child('feeder', source);
    children.push(feeder);
    const { address: at } = await feeder.next();
    const replica = child('replica', join(directory, 'replica'), at);
    children.push(replica);
    const results = { replica: await replica.next(), feeder: await feeder.next() };
    const { seconds } = results.replica;
    const rows = Object.entries(results).map(([name, { memory: used }]) => {
      const peak = Math.max(used.first, used.second);
      return [
        name,
        `${peak.toFixed(0)} MB`,
        `${used.first.toFixed(0)} MB, ${used.second.toFixed(0)} MB`,
        `${used.files.toFixed(0)} MB`,
        `< ${GOAL_MB} MB`,
        peak < GOAL_MB ? 'holds' : 'MISSED',
      ];
    });
    const rate = Math.round(COUNT / seconds).toLocaleString('en');
    printTable(
      `A catch-up of ${COUNT.toLocaleString('en')} entries of ${SIZE} B, logs in LMDB: ` +
        `${seconds.toFixed(1)} s, ${rate}/s`,
      ['process', 'over idle', 'in the first and the second half', 'mapped files', 'goal', ''],
      rows,
    );
  } finally {
    for (const { kill } of children) kill();
    rmSync(directory, { recursive: true });
  }
}
