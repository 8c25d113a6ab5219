import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../bench/src/failover.mjs', import.meta.url));
/** Long enough to fetch and compile the Go modules for the first time, in ms. */
const PATIENCE = 400_000;

/** The systems by the names that the benchmark gives them, and how to look for what they need. */
const SYSTEMS = [
  { only: 'etcd', name: 'etcd', command: 'etcd', args: ['--version'] },
  { only: 'raft', name: 'hashicorp/raft', command: 'go', args: ['version'] },
];

/** Whether a program is there. With SHOAL_REQUIRE_ETCD=1, as in CI, throws if it is not. */
function installed(command: string, args: readonly string[]): boolean {
  const found = spawnSync(command, args).status === 0;
  if (!found && process.env['SHOAL_REQUIRE_ETCD'] === '1') {
    throw new Error(`SHOAL_REQUIRE_ETCD=1, but ${command} is not installed`);
  }
  if (!found) console.warn(`${command} is not installed: its failover is not tested`);
  return found;
}

/** The seconds in the row of a system: min, median, p90 and max. */
function timesOf(name: string, table: string): number[] {
  const row = table.split('\n').find((line) => line.trim().startsWith(name));
  return [...(row ?? '').matchAll(/([\d.]+) s\b/g)].map(([, seconds]) => Number(seconds));
}

describe.each(SYSTEMS)('the failover benchmark on $name', ({ only, name, command, args }) => {
  it.runIf(installed(command, args))(
    'sees a new leader after each of two kills',
    async () => {
      const run = [SCRIPT, '--kills', '2', '--only', only];
      const { stdout } = await promisify(execFile)(process.execPath, run, { timeout: PATIENCE });
      const times = timesOf(name, stdout);
      expect(times, stdout).toHaveLength(4);
      // By default, both wait for about a second before they hold a leader for dead. A write that is
      // acknowledged much sooner comes from a leader that was not dead, or from other settings.
      expect(times[0], stdout).toBeGreaterThan(0.5);
    },
    PATIENCE + 30_000,
  );
});
