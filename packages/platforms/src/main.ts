// Runs the suites of the packages on every platform except Node. Exits with 1 if anything failed.
import { reportTests } from '../../../scripts/test-report.mjs';
import type { CaseResult } from './case-runner.ts';
import { platformsRequired } from './chromium.ts';
import { type OpenPlatform, PLATFORMS, type Platform } from './platforms.ts';
import { openRunHost } from './run-host.ts';

/** The platform named on the command line; all platforms if there is none. */
const [wanted] = process.argv.slice(2);
/** When a run counts as stuck, in ms. */
const STUCK = 600_000;

let isGood = true;
for (const platform of PLATFORMS) {
  if (wanted && platform.name.toLowerCase() !== wanted.toLowerCase()) continue;
  const open = await openOrTell(platform);
  if (open) isGood = (await runIn(platform.name, open)) && isGood;
}
process.exitCode = isGood ? 0 : 1;

async function openOrTell(platform: Platform): Promise<OpenPlatform | undefined> {
  try {
    return await platform.open();
  } catch (error) {
    const verdict = platformsRequired() ? 'FAILED' : 'skipped';
    if (platformsRequired()) isGood = false;
    console.log(`${platform.name}: ${verdict}, ${(error as Error).message}`);
    return undefined;
  }
}

async function runIn(name: string, platform: OpenPlatform): Promise<boolean> {
  const title = `${name} ${platform.version}`;
  console.log(`\n${title}`);
  const started = Date.now();
  let passed = 0;
  let failed = 0;
  const count = (result: CaseResult): void => {
    if (result.error === undefined) passed++;
    else failed++;
    print(result);
  };
  const host = await openRunHost(count);
  const stuck = setTimeout(() => {
    console.log(`${title} is stuck`);
    process.exit(1);
  }, STUCK);
  try {
    await platform.run(host, count);
  } catch (error) {
    failed++;
    console.log(`  stopped early: ${(error as Error).message}`);
  } finally {
    clearTimeout(stuck);
    await host.close();
  }
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`${passed} passed, ${failed} failed in ${title}, ${seconds} s`);
  reportTests(passed, failed);
  return failed === 0 && passed > 0;
}

function print({ name, error, ms }: CaseResult): void {
  const mark = error === undefined ? 'ok    ' : 'FAILED';
  console.log(`  ${mark} ${name} (${Math.round(ms)} ms)`);
  if (error === undefined) return;
  console.log(error.replace(/^/gm, '         '));
}
