// How long do 64 members take to find each other when all start at once in one process, over real UDP
// and without streams? Each run begins with new sockets. LAN preset; all know the same three seeds.
import { lan } from '@shoal/membership';
import { startMembership } from '@shoal/membership/driver';
import { createUdpTransport } from '@shoal/transport-node';
import { median } from './measure.mjs';
import { printTable } from './table.mjs';

const SIZE = 64;
const RUNS = 30;
/** Every run must be over within so many ms. */
const GOAL = 2000;
const LIMIT = 60_000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function run() {
  const transports = [];
  for (let i = 0; i < SIZE; i++) transports.push(await createUdpTransport({ bind: '127.0.0.1:0' }));
  const seeds = transports.slice(0, 3).map((one) => one.localAddress);
  const start = performance.now();
  const members = transports.map((transport) =>
    startMembership({ transport, seeds, config: lan() }),
  );
  const joined = () => members.every((one) => one.stats().active === SIZE - 1);
  while (!joined() && performance.now() - start < LIMIT) await sleep(10);
  const took = joined() ? performance.now() - start : Number.POSITIVE_INFINITY;
  await Promise.all(members.map((one) => one.close()));
  return took;
}

const times = [];
for (let i = 0; i < RUNS; i++) times.push(await run());
const within = times.filter((ms) => ms <= GOAL).length;
const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;
printTable(
  `${SIZE} members that join at once over UDP, without streams`,
  ['runs', 'median', 'most', `within ${GOAL / 1000} s`, ''],
  [
    [
      String(RUNS),
      seconds(median(times)),
      seconds(Math.max(...times)),
      `${within} of ${RUNS}`,
      within === RUNS ? 'holds' : 'MISSED',
    ],
  ],
);
