// Keeps changing a log, several operations at once. Prints each step, so that the record outlives
// the process: `b` and the operation when it begins, `d` and its number once it is on disk.
import { writeSync } from 'node:fs';
import { openLmdbLog } from '../dist/index.js';
import { draw, LOST, perform, seededRandom } from './operations.mjs';

const [path, seed] = process.argv.slice(2);
const random = seededRandom(seed);
const tell = (line) => writeSync(1, `${line}\n`);

// Another process has taken the log over.
process.on('uncaughtException', (error) => {
  tell(`${error.code} ${error.message}`);
  process.exit(error.code === 'storage' ? LOST : 1);
});

tell('opening');
const log = await openLmdbLog({ path, maxPendingBytes: 256 * 1024, cacheBytes: 100_000 });
tell('ready');
const running = new Set();
let archives = 0;
for await (const _ of log.archives()) archives++;

for (let number = 0; ; number++) {
  const width = 1 + Math.floor(random() * 6);
  while (running.size >= width) await Promise.race(running);
  const tag = `${seed}/${number}`;
  let operation = draw(seededRandom(tag), tag, log.range, archives);
  if (operation.op !== 'append') {
    // The operation depends on the state of the log, so nothing may be under way.
    await Promise.all(running);
    operation = draw(seededRandom(tag), tag, log.range, archives);
  }
  tell(`b ${JSON.stringify(operation)}`);
  const done = perform(log, operation).then(() => {
    running.delete(done);
    // A crash may lose an append that is not durable.
    if (operation.durable !== false) tell(`d ${number}`);
  });
  running.add(done);
  if (operation.op !== 'append') {
    await done;
    archives = 0;
    for await (const _ of log.archives()) archives++;
  }
}
