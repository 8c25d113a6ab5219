import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const RUNS = 100;

// `npm run crash -- --runs 5000 --seed 7` does more of the same.
it(`a log whose process is killed, or loses it to another process, ${RUNS} times is in the state after some step, with all durable entries`, async () => {
  const program = fileURLToPath(new URL('../crash/main.mjs', import.meta.url));
  // It fails with the seed, the run and the directory, which it leaves as it is.
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--runs', `${RUNS}`]);
  const [, kills, takeovers, steps, undone] =
    /(\d+) kills.* (\d+) takeovers: (\d+) steps, (\d+) with/.exec(stdout)!.map(Number);
  expect(kills! + takeovers!).toBe(RUNS);
  expect(takeovers).toBeGreaterThan(0);
  expect(steps).toBeGreaterThan(RUNS);
  // Otherwise it was never killed in the middle of anything.
  expect(undone).toBeGreaterThan(0);
}, 600_000);
