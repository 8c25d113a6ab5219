// A log on the disk streamed to another on the disk, over TCP on loopback in this process: read
// from LMDB, sent, checked, written to LMDB and acknowledged when it is on the disk. Beside the
// limit: the same payloads read from bare lmdb, sent in frames over a bare socket, and put into
// bare lmdb, as durably.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLmdbLog } from '@shoal/log-lmdb';
import { startFeeder, startReplica } from '@shoal/syncup/driver';
import { createTcpTransport } from '@shoal/transport-node';
import { open } from 'lmdb';
import { framedTcp } from './framed-tcp.mjs';
import { median } from './measure.mjs';
import { printTable, throughput, verdict } from './table.mjs';

const ROUNDS = 5;
const GOAL = 0.6;
const CASES = [
  { size: 64, count: 200_000 },
  { size: 1024, count: 50_000 },
  { size: 65_536, count: 1_500 },
];
const tcp = createTcpTransport();
const directory = mkdtempSync(join(tmpdir(), 'shoal-durable-stream-'));
let nextPath = 0;
const newPath = () => join(directory, String(nextPath++));

/** Nanoseconds an entry, from the dial until the feeder has the last acknowledgement. */
async function shoal(source, count) {
  const listener = await tcp.listen('127.0.0.1:0');
  const feeder = startFeeder({ log: source, listener });
  const path = newPath();
  const log = await openLmdbLog({ path });
  const start = process.hrtime.bigint();
  const replica = startReplica({
    log,
    dial: (options) => tcp.dial(listener.address, options),
    durable: true,
  });
  await feeder.waitForAcks(BigInt(count), 1);
  const ns = Number(process.hrtime.bigint() - start) / count;
  await replica.close();
  await feeder.close();
  await log.close();
  rmSync(path, { recursive: true });
  return ns;
}

/** Nanoseconds a payload, until the last one is on the disk. */
async function bare(source, count) {
  const path = newPath();
  const db = openBare(path);
  let next = 0;
  const ns = await framedTcp(
    count,
    (i) => source.getBinary(i + 1),
    (frame) => db.put(++next, frame),
    () => db.committed,
  );
  await db.close();
  rmSync(path, { recursive: true });
  return ns;
}

/** A put is done when it is on the disk, as an append is. */
function openBare(path) {
  return open({ path, noSubdir: false, encoding: 'binary', overlappingSync: false });
}

const rows = [];
try {
  for (const { size, count } of CASES) {
    const payload = Buffer.alloc(size, 7);
    const source = await openLmdbLog({ path: newPath() });
    for (let at = 0; at < count; at += 1000) {
      const length = Math.min(1000, count - at);
      const entries = Array.from({ length }, (_, i) => ({ type: i % 10 === 9 ? 1 : 0, payload }));
      await source.append(entries, { durable: false });
    }
    const bareSource = openBare(newPath());
    for (let i = 1; i <= count; i++) bareSource.put(i, payload);
    await bareSource.committed;
    const times = { shoal: [], bare: [] };
    for (let round = 0; round < ROUNDS; round++) {
      times.bare.push(await bare(bareSource, count));
      times.shoal.push(await shoal(source, count));
    }
    await source.close();
    await bareSource.close();
    const [ours, theirs] = [median(times.shoal), median(times.bare)];
    rows.push([
      `${size} B`,
      ...throughput(ours, size),
      'bare lmdb, framed TCP',
      ...throughput(theirs, size),
      ...verdict(theirs / ours, GOAL),
    ]);
  }
} finally {
  rmSync(directory, { recursive: true });
}
printTable(
  'A stream of entries between logs in LMDB, each entry on the disk before it is acknowledged',
  ['entries of', 'shoal', '', 'against', 'makes', '', 'speed', 'goal', ''],
  rows,
);
