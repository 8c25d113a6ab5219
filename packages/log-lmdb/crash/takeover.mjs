// npm run takeover -- --runs 1000
// Two processes open one log in turn, each while the other writes: they check the file, take the
// log over, verify it at times and append until they lose it again. Nothing may be called `corrupt`, and no
// entry that an append has put on the disk may be lost.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openLmdbLog } from '../dist/index.js';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '1000' }, path: { type: 'string' } },
});
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 1)
  throw new Error(`--runs must be a whole number from 1, not ${runs}`);
// Small entries, each with a transaction of its own, make trees of many pages.
const entry = { type: 1, payload: new Uint8Array(100) };
const PREPARED = 10_000;

/** Takes the log over and appends for `ms`, or until it is lost. Returns what is on the disk. */
async function takeOver({ path, ms, verify }) {
  const log = await openLmdbLog({ path });
  const opened = log.range.last;
  const end = Date.now() + ms;
  let last = opened;
  let lost = false;
  try {
    if (verify) await log.verify();
    for (let count = 1; Date.now() < end; count++) {
      ({ last } = await log.append([entry]));
      if (count % 50 === 0 && last > PREPARED) await log.trimHead(last - BigInt(PREPARED));
    }
  } catch (error) {
    if (error.code !== 'storage') throw error;
    lost = true;
  } finally {
    await log.close();
  }
  return { opened, last, lost };
}

if (values.path !== undefined) {
  process.on('disconnect', () => process.exit());
  process.send('ready');
  for (;;) await takeOver({ path: values.path, ms: 1000, verify: false });
}

const root = mkdtempSync(join(tmpdir(), 'shoal-takeover-'));
const path = join(root, 'log');
const log = await openLmdbLog({ path });
for (let i = 0; i < PREPARED; i++) await log.append([entry]);
await log.close();
const rival = fork(fileURLToPath(import.meta.url), ['--path', path]);
await once(rival, 'message');
let lost = 0;
let grown = 0;
let durable = BigInt(PREPARED);
for (let run = 0; run < runs; run++) {
  const found = await takeOver({ path, ms: 5 + (run % 20), verify: run % 5 === 0 });
  if (found.opened < durable)
    throw new Error(`run ${run}: the log ends at VLSN ${found.opened}, not at ${durable} or later`);
  if (found.opened > durable) grown++;
  if (found.lost) lost++;
  durable = found.last;
  if (rival.exitCode !== null) throw new Error(`run ${run}: the other process failed`);
  // Lets the other process take the log back and write.
  await new Promise((resolve) => setTimeout(resolve, 5 * (run % 30)));
}
rival.kill();
await once(rival, 'exit');
const last = await openLmdbLog({ path });
await last.verify();
await last.close();
rmSync(root, { recursive: true });
console.log(
  `${runs} takeovers: the other process had written before ${grown} of them, ${lost} were taken back`,
);
