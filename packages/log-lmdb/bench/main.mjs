// Entries appended per second, compared with plain lmdb: one put per entry, the same bytes in the
// same batches, with as many batches under way at once. `disk` is the temporary directory. `memory`
// is a file system without a disk, where the platform has one, and shows the cost of the CPU alone.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { openLmdbLog } from '../dist/index.js';

const RUNS = 7;
/** How many batches are under way at once. */
const IN_FLIGHT = 8;
const GOAL = 0.6;

/** Calls `append` for each batch, with so many under way at once. */
async function pipeline(batches, append) {
  let next = 0;
  const lane = async () => {
    while (next < batches) await append(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

const subjects = {
  async ours(path, batch, batches) {
    const log = await openLmdbLog({ path });
    const entries = batch.map((payload, i) => ({ type: i === batch.length - 1 ? 1 : 0, payload }));
    const seconds = await timed(() => pipeline(batches, () => log.append(entries)));
    if (log.range.last !== BigInt(batch.length * batches)) throw new Error('entries are missing');
    await log.close();
    return seconds;
  },
  /** As durable as the log: a put is done once it is on the disk. */
  async bare(path, batch, batches) {
    return bare(path, batch, batches, { overlappingSync: false }, (db) => db.committed);
  },
  /** The default of lmdb: commits do not wait for the disk, but `flushed` does. */
  async overlapping(path, batch, batches) {
    return bare(path, batch, batches, { overlappingSync: true }, (db) => db.flushed);
  },
};

async function bare(path, batch, batches, options, done) {
  const db = open({ path, noSubdir: false, encoding: 'binary', ...options });
  const seconds = await timed(() =>
    pipeline(batches, async (n) => {
      let key = n * batch.length;
      for (const payload of batch) db.put(++key, payload);
      await done(db);
    }),
  );
  if (db.getKeysCount() !== batch.length * batches) throw new Error('entries are missing');
  await db.close();
  return seconds;
}

async function timed(run) {
  const start = process.hrtime.bigint();
  await run();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

async function compare(where, root, size, perBatch, batches) {
  const batch = Array.from({ length: perBatch }, (_, i) => Buffer.alloc(size, i + 1));
  const times = { ours: [], bare: [], overlapping: [] };
  const names = Object.keys(times);
  for (let run = 0; run <= RUNS; run++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + run) % names.length];
      const path = mkdtempSync(join(root, 'shoal-bench-'));
      const seconds = await subjects[name](path, batch, batches);
      rmSync(path, { recursive: true });
      if (run > 0) times[name].push(seconds); // the first is the warm-up
    }
  }
  const rate = Object.fromEntries(
    names.map((name) => [name, (perBatch * batches) / median(times[name])]),
  );
  const ratio = rate.ours / rate.bare;
  // Without a disk, nothing is durable.
  const verdict = where === 'disk' ? `>= ${GOAL}  ${ratio >= GOAL ? 'holds' : 'MISSED'}` : '';
  const shown = names.map((name) =>
    `${Math.round(rate[name]).toLocaleString('en')}/s`.padStart(14),
  );
  console.log(
    `${`${where}: ${perBatch} x ${size} B`.padEnd(24)}${shown.join('')}${ratio.toFixed(2).padStart(8)}` +
      `${(rate.ours / rate.overlapping).toFixed(2).padStart(8)}   ${verdict}`,
  );
}

console.log(`median of ${RUNS} runs, alternated; ${IN_FLIGHT} batches under way at once`);
console.log(
  `${'entries in a batch'.padEnd(24)}${'Shoal'.padStart(14)}${'bare'.padStart(14)}${'overlapping'.padStart(14)}` +
    `${'/bare'.padStart(8)}${'/over.'.padStart(8)}   goal (to bare)`,
);
const places = [['disk', tmpdir()]];
if (existsSync('/dev/shm')) places.push(['memory', '/dev/shm']);
for (const [where, root] of places) {
  await compare(where, root, 64, 1024, 100);
  await compare(where, root, 1024, 256, 100);
  await compare(where, root, 65_536, 16, 40);
}
