// Streams a log in memory from a feeder to a replica over TCP on loopback, both in this process.
// The baseline sends the same payloads, from the same memory, in frames over a bare socket.
import { MemoryLog } from '@shoal/syncup';
import { startFeeder, startReplica } from '@shoal/syncup/driver';
import { createTcpTransport } from '@shoal/transport-node';
import { framedTcp } from './framed-tcp.mjs';
import { collectGarbage, median } from './measure.mjs';
import { printTable, throughput, verdict } from './table.mjs';

/** Rounds after a warm-up. Each round runs all three, so that ratios compare equal conditions. */
const ROUNDS = 15;
const CASES = [
  { size: 64, count: 200_000, goal: 0.5 },
  { size: 1024, count: 100_000, goal: 0.6 },
  { size: 65_536, count: 2_000, goal: 0.8 },
];
const COMMIT = 1;
const tcp = createTcpTransport();

/** Nanoseconds per entry, from the dial to the last one applied. */
async function shoal(source, count) {
  const listener = await tcp.listen('127.0.0.1:0');
  const feeder = startFeeder({ log: source, listener });
  const log = new MemoryLog();
  const start = process.hrtime.bigint();
  const replica = startReplica({
    log,
    dial: (options) => tcp.dial(listener.address, options),
  });
  await replica.applied(BigInt(count));
  const ns = Number(process.hrtime.bigint() - start) / count;
  if (log.digest() !== source.digest()) throw new Error('the logs differ');
  await replica.close();
  await feeder.close();
  return ns;
}

async function payloadsOf(log) {
  const payloads = [];
  for await (const batch of log.read(1n)) {
    for (const { payload } of batch) payloads.push(payload);
    if (BigInt(payloads.length) === log.range.last) break;
  }
  return payloads;
}

const rows = [];
for (const { size, count, goal } of CASES) {
  const source = new MemoryLog();
  const payload = Buffer.alloc(size, 7);
  await source.append(
    Array.from({ length: count }, (_, i) => ({ type: i % 10 === 9 ? COMMIT : 0, payload })),
  );
  const payloads = await payloadsOf(source);
  const times = { shoal: [], dropped: [], kept: [] };
  for (let round = -1; round < ROUNDS; round++) {
    const payloadAt = (i) => payloads[i];
    // No contestant pays for the garbage of the previous one.
    collectGarbage();
    times.dropped.push(await framedTcp(count, payloadAt, () => {}));
    collectGarbage();
    times.shoal.push(await shoal(source, count));
    collectGarbage();
    const kept = [];
    times.kept.push(await framedTcp(count, payloadAt, (frame) => void kept.push(frame)));
    if (round < 0) for (const list of Object.values(times)) list.length = 0;
  }
  for (const [against, theirs, limit] of [
    ['framed TCP, corked', times.dropped, goal],
    ['the same, and kept', times.kept, undefined],
  ]) {
    const own = throughput(median(times.shoal), size);
    const other = throughput(median(theirs), size);
    const ratio = median(theirs.map((time, round) => time / times.shoal[round]));
    rows.push([`${size} B`, ...own, against, ...other, ...verdict(ratio, limit)]);
  }
}
printTable(
  'A stream of entries between logs in memory, with fingerprints and acknowledgements',
  ['entries of', 'shoal', '', 'against', 'makes', '', 'speed', 'goal', ''],
  rows,
);
