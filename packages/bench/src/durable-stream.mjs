// Streams a log on disk to another log on disk, over TCP on loopback in this process: read from
// LMDB, sent, checked, written to LMDB, and acknowledged once on disk. The baseline reads the same
// payloads from bare lmdb, sends them in frames over a bare socket, and puts them into bare lmdb,
// just as durably and in batches of the same size: no more bytes are on their way to the disk than
// a replica allows. A second baseline has no such limit: its batches and its memory grow as they
// may.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLmdbLog } from '@shoal/log-lmdb';
import { startFeeder, startReplica } from '@shoal/syncup/driver';
import { createTcpTransport } from '@shoal/transport-node';
import { open } from 'lmdb';
import { framedTcp } from './framed-tcp.mjs';
import { collectGarbage, median } from './measure.mjs';
import { printTable, throughput, verdict } from './table.mjs';

const ROUNDS = 5;
const GOAL = 0.6;
const CASES = [
  { size: 64, count: 200_000 },
  { size: 1024, count: 50_000 },
  { size: 65_536, count: 1_500 },
];
/** The default `maxPendingBytes` of a replica. */
const UNDER_WAY = 2 * 2 ** 20;
const tcp = createTcpTransport();
const directory = mkdtempSync(join(tmpdir(), 'shoal-durable-stream-'));
let nextPath = 0;
const newPath = () => join(directory, String(nextPath++));

/** Nanoseconds per entry, from the dial until the feeder has the last acknowledgement. */
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

/** Nanoseconds per payload, until the last one is on disk; at most `limit` bytes are pending. */
async function bare(source, count, limit) {
  const path = newPath();
  const db = openBare(path);
  let next = 0;
  let underWay = 0;
  let piece = 0;
  let room;
  let make;
  const take = (frame) => {
    const put = db.put(++next, frame);
    underWay += frame.length;
    piece += frame.length;
    // Once per batch is enough: commits happen in order.
    if (piece < limit / 32) return undefined;
    const done = piece;
    piece = 0;
    put.then(() => {
      underWay -= done;
      if (underWay > limit / 2) return;
      make?.();
      make = room = undefined;
    });
    if (underWay < limit) return undefined;
    room ??= new Promise((resolve) => {
      make = resolve;
    });
    return room;
  };
  const ns = await framedTcp(
    count,
    (i) => source.getBinary(i + 1),
    take,
    () => db.committed,
  );
  await db.close();
  rmSync(path, { recursive: true });
  return ns;
}

/** A put resolves when it is on disk, as an append does. */
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
    const times = { shoal: [], bare: [], unlimited: [] };
    for (let round = 0; round < ROUNDS; round++) {
      // No contestant pays for the garbage of the previous one.
      collectGarbage();
      times.bare.push(await bare(bareSource, count, UNDER_WAY));
      collectGarbage();
      times.shoal.push(await shoal(source, count));
      collectGarbage();
      times.unlimited.push(await bare(bareSource, count, Number.POSITIVE_INFINITY));
    }
    await source.close();
    await bareSource.close();
    const ours = median(times.shoal);
    for (const [against, theirs, goal] of [
      ['lmdb, framed TCP', median(times.bare), GOAL],
      ['the same, no limit', median(times.unlimited), undefined],
    ]) {
      const own = throughput(ours, size);
      const other = throughput(theirs, size);
      rows.push([`${size} B`, ...own, against, ...other, ...verdict(theirs / ours, goal)]);
    }
  }
} finally {
  rmSync(directory, { recursive: true });
}
printTable(
  'A stream of entries between logs in LMDB, each entry on the disk before it is acknowledged',
  ['entries of', 'shoal', '', 'against', 'makes', '', 'speed', 'goal', ''],
  rows,
);
