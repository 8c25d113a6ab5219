import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const RUNS = 300;

// `npm run damage -- --runs 5000 --seed 7` does more of the same.
it(`a file damaged in ${RUNS} ways is refused or read correctly, also by a process that takes it over`, async () => {
  const program = fileURLToPath(new URL('../crash/damage.mjs', import.meta.url));
  // It fails with the seed, the run and what was done to the file.
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--runs', `${RUNS}`]);
  const found = /(\d+) damages: (\d+) without effect, noticed (\d+) when \w+, (\d+) when/;
  const [, damages, without, ...noticed] = found.exec(stdout)!.map(Number);
  expect(damages).toBe(RUNS);
  expect(without).toBeLessThan(RUNS);
  for (const count of noticed) expect(count).toBeGreaterThan(0);
  expect(stdout).toContain(`${without} takeovers found nothing wrong`);
}, 300_000);
