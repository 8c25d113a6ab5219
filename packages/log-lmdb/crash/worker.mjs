// Changes a log without end, several operations at once, and tells each step on its standard
// output: `b` and the operation when it begins, `d` and its number when it is on the disk. What
// was written there outlives the process.
import { writeSync } from 'node:fs';
import { openLmdbLog } from '../dist/index.js';
import { draw, perform, seededRandom } from './operations.mjs';

const [path, seed] = process.argv.slice(2);
const random = seededRandom(seed);
const tell = (line) => writeSync(1, `${line}\n`);

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
    // It is drawn from the state of the log, which must have come to rest.
    await Promise.all(running);
    operation = draw(seededRandom(tag), tag, log.range, archives);
  }
  tell(`b ${JSON.stringify(operation)}`);
  const done = perform(log, operation).then(() => {
    running.delete(done);
    // An append that is not durable may be forgotten.
    if (operation.durable !== false) tell(`d ${number}`);
  });
  running.add(done);
  if (operation.op !== 'append') {
    await done;
    archives = 0;
    for await (const _ of log.archives()) archives++;
  }
}
