// Appends until the disk is full: in a process that may write only small files (started under
// `ulimit -f`), or on a small file system. Prints what happened as JSON.
import { statfsSync } from 'node:fs';
import { openLmdbLog } from '../dist/index.js';

// Without this, the limit would end the process.
process.on('SIGXFSZ', () => {});
const [path] = process.argv.slice(2);
const codeOf = (promise) =>
  promise.then(
    () => 'done',
    (error) => error.code,
  );
const entries = Array.from({ length: 10 }, (_, i) => ({
  type: 1,
  payload: Buffer.alloc(5000, i),
}));

const log = await openLmdbLog({ path });
const outcome = { appends: 0 };
try {
  for (;;) {
    await log.append(entries);
    outcome.appends++;
  }
} catch (error) {
  outcome.append = error.code;
  outcome.cause = error.cause?.message;
}
outcome.last = Number(log.range.last);
await log.verify();
outcome.appendAgain = await codeOf(log.append(entries));
outcome.rollback = await codeOf(log.rollback(1n, 'test'));
outcome.trim = await codeOf(log.trimHead(5n));
outcome.read = 0;
for await (const batch of log.read(1n)) {
  outcome.read += batch.length;
  if (outcome.read === outcome.last) break;
}
await log.close();

// Another process sees the same log: it can read, and fails where this one did.
const again = await openLmdbLog({ path });
outcome.lastAgain = Number(again.range.last);
// Appends without room fail as a whole, however many share the transaction.
const many = Array.from({ length: 50 }, () => codeOf(again.append(entries)));
outcome.many = [...new Set(await Promise.all(many))];
outcome.lastAtLast = Number(again.range.last);
await again.close();
const { bavail, bsize } = statfsSync(path);
outcome.free = bavail * bsize;
console.log(JSON.stringify(outcome));
