// npm run damage -- --runs 1000 --seed 7
// Damages a copy of a log, opens it, reads all of it, appends to it and opens it again. Each step
// must either be right or fail with `corrupt`. Nothing else may happen, least of all a crash. If all is
// right, another process opens the log, checks it and takes it over while this one appends: it must
// find nothing `corrupt`, nor lose anything.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openLmdbLog } from '../dist/index.js';
import { apply, difference, draw, perform, seededRandom } from './operations.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    rival: { type: 'boolean', default: false },
  },
});
/** What the other process appends. */
const TAKEN = { op: 'append', tag: 'taken', count: 20, size: 100, durable: true };
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 1)
  throw new Error(`--runs must be a whole number from 1, not ${runs}`);
const root = mkdtempSync(join(tmpdir(), 'shoal-damage-'));

if (values.rival) await serveAsRival();
const rival = fork(fileURLToPath(import.meta.url), ['--rival']);
let takeovers = 0;

/** The other process: takes over each log that it is told, and says how that went. */
async function serveAsRival() {
  process.on('disconnect', () => process.exit());
  for (;;) {
    const [path] = await once(process, 'message');
    let result = 'right';
    try {
      const log = await openLmdbLog({ path });
      try {
        await log.verify();
        await perform(log, TAKEN);
      } finally {
        await log.close();
      }
    } catch (error) {
      result = `${error.code}: ${error.message}`;
    }
    process.send(result);
  }
}

/** Lets the other process take over a log that this one appends to. Returns what it may hold afterwards. */
async function loseTo(log, path, model) {
  const taken = once(rival, 'message');
  rival.send(path);
  let state = model;
  let next = model;
  try {
    for (let number = 0; ; number++) {
      const operation = { op: 'append', tag: `lost ${number}`, count: 1, size: 50, durable: true };
      next = apply(state, operation);
      await perform(log, operation);
      state = next;
    }
  } catch (error) {
    if (error.code !== 'storage') throw error;
  }
  const [result] = await taken;
  if (result !== 'right') throw new Error(`the other process: ${result}`);
  takeovers++;
  // The append that failed may have reached the disk.
  return [apply(state, TAKEN), apply(next, TAKEN)];
}

/** A log with every kind of content, and its model. */
async function build(path, seed) {
  const random = seededRandom(seed);
  let model = { next: 1, entries: [], archives: [] };
  const log = await openLmdbLog({ path });
  for (let step = 0; step < 60; step++) {
    const operation = draw(random, `${seed}/${step}`, log.range, model.archives.length);
    // A small file, so that damage often hits its structure.
    if (operation.size > 10_000) operation.size = 10_000;
    await perform(log, operation);
    model = apply(model, operation);
  }
  await log.close();
  return model;
}

/** Damages the file in one way and returns which. */
function damage(file, random) {
  const bytes = readFileSync(file);
  const below = (limit) => Math.floor(random() * limit);
  const pages = bytes.length / 4096;
  const kind = below(10);
  if (kind === 0) {
    const length = below(bytes.length);
    truncateSync(file, length);
    return `cut to ${length} bytes`;
  }
  if (kind === 1) {
    const page = below(pages);
    bytes.fill(0, page * 4096, (page + 1) * 4096);
    writeFileSync(file, bytes);
    return `page ${page} of zeros`;
  }
  if (kind === 2) {
    const [from, to] = [below(pages), below(pages)];
    bytes.copyWithin(to * 4096, from * 4096, (from + 1) * 4096);
    writeFileSync(file, bytes);
    return `page ${from} in the place of ${to}`;
  }
  // Mostly in the pages that LMDB trusts: those that refer to other pages.
  let at = below(bytes.length);
  if (kind > 3) {
    const structure = [];
    for (let page = 0; page < pages; page++) {
      const flags = bytes.readUInt16LE(page * 4096 + 18);
      if (bytes.readUInt32LE(page * 4096) === page && [1, 2, 8].includes(flags)) {
        structure.push(page);
      }
    }
    const used = kind < 8 ? 256 : 4096;
    at = structure[below(structure.length)] * 4096 + below(used);
  }
  const bit = below(8);
  bytes[at] ^= 1 << bit;
  writeFileSync(file, bytes);
  return `bit ${bit} of byte ${at} flipped`;
}

/** Returns `right`, or the step at which the damage was noticed. Throws for anything else. */
async function outcome(path, model) {
  const extra = { op: 'append', tag: 'extra', count: 50, size: 500, durable: true };
  let step = 'opening';
  let log;
  try {
    log = await openLmdbLog({ path });
    step = 'reading';
    await log.verify();
    const wrong = await difference(log, model);
    if (wrong) throw new Error(wrong);
    step = 'appending';
    await perform(log, extra);
    await log.close();
    step = 'opening again';
    log = await openLmdbLog({ path });
    await log.verify();
    const later = await difference(log, apply(model, extra));
    if (later) throw new Error(later);
    step = 'losing it';
    const lost = await loseTo(log, path, apply(model, extra));
    await log.close();
    step = 'opening what was lost';
    log = await openLmdbLog({ path });
    await log.verify();
    const last = await Promise.all(lost.map((state) => difference(log, state)));
    if (!last.includes(undefined)) throw new Error(last.join(', nor: '));
    return 'right';
  } catch (error) {
    if (error.code !== 'corrupt') throw new Error(`${step}: ${error.message}`, { cause: error });
    return step;
  } finally {
    await log?.close();
  }
}

const counts = {};
let model;
for (let run = 0; run < runs; run++) {
  const source = join(root, `source-${Math.floor(run / 100)}`);
  if (run % 100 === 0) model = await build(source, `${values.seed}/${run}`);
  const path = join(root, 'copy');
  cpSync(source, path, { recursive: true });
  const what = damage(join(path, 'data.mdb'), seededRandom(`${values.seed}/damage/${run}`));
  try {
    const result = await outcome(path, model);
    counts[result] = (counts[result] ?? 0) + 1;
  } catch (cause) {
    throw new Error(`run ${run} with seed ${values.seed}, ${what}: ${cause.message}`, { cause });
  }
  rmSync(path, { recursive: true });
}
rmSync(root, { recursive: true });
const { right = 0, ...noticed } = counts;
const steps = Object.entries(noticed).map(([step, count]) => `${count} when ${step}`);
rival.disconnect();
console.log(`${takeovers} takeovers found nothing wrong`);
console.log(`${runs} damages: ${right} without effect, noticed ${steps.join(', ')}`);
