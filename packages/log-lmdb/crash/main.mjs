// npm run crash -- --runs 1000 --seed 7
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { campaign } from './campaign.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    directory: { type: 'string' },
  },
});
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 1)
  throw new Error(`--runs must be a whole number from 1, not ${runs}`);
const directory = values.directory ?? mkdtempSync(join(tmpdir(), 'shoal-crash-'));
const counts = await campaign({
  runs,
  seed: values.seed,
  directory,
  onRun: ({ runs: done }) => {
    if (done % 100 === 0) console.log(`${done} runs`);
  },
});
const kinds = Object.entries(counts.kinds).map(
  ([kind, count]) => `${count} before the end of ${kind}`,
);
console.log(
  `${counts.kills} kills, ${counts.opening} of them while opening, and ${counts.takeovers} takeovers: ${counts.steps} steps, ` +
    `${counts.between} with some undone (${kinds.join(', ')}); nothing durable was lost`,
);
if (values.directory === undefined) rmSync(directory, { recursive: true });
