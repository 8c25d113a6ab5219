import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const RUNS = 50;

// `npm run takeover -- --runs 5000` does more of the same.
it(`a log that another process writes is taken over ${RUNS} times and never called corrupt`, async () => {
  const program = fileURLToPath(new URL('../crash/takeover.mjs', import.meta.url));
  // It fails with what was thrown, or with the entries that were lost.
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--runs', `${RUNS}`]);
  const [, takeovers, grown, takenBack] = /(\d+) takeovers: .* (\d+) of them, (\d+) were/
    .exec(stdout)!
    .map(Number);
  expect(takeovers).toBe(RUNS);
  // Otherwise the other process never wrote.
  expect(grown).toBeGreaterThan(0);
  expect(takenBack).toBeGreaterThan(0);
}, 300_000);
