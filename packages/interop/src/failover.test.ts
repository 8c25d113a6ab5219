import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../bench/src/failover.mjs', import.meta.url));
/** Long enough to fetch and compile the Go modules for the first time, in ms. */
const PATIENCE = 400_000;

/**
 * The systems by the names that the benchmark gives them, how to look for what they need, and how soon
 * another leader may acknowledge a write, in seconds. One that is acknowledged sooner comes from a leader
 * that was not dead, or from other settings: etcd and raft wait for about a second by default before they
 * hold a leader for dead. Shoal sees its stream end, but a vote and an entry have to reach a disk.
 */
const SYSTEMS = [
  { only: 'shoal', name: 'Shoal', command: process.execPath, args: ['--version'], soonest: 0.01 },
  { only: 'etcd', name: 'etcd', command: 'etcd', args: ['--version'], soonest: 0.5 },
  { only: 'raft', name: 'hashicorp/raft', command: 'go', args: ['version'], soonest: 0.5 },
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
  // Columns are two spaces apart or more. What follows the times is a goal.
  const cells = row?.trim().split(/ {2,}/) ?? [];
  return cells.slice(2, 6).map((cell) => Number(/^([\d.]+) s$/.exec(cell)?.[1]));
}

/** Runs the benchmark. Returns its table. */
async function bench(...args: string[]): Promise<string> {
  const run = [SCRIPT, '--kills', '2', ...args];
  const { stdout } = await promisify(execFile)(process.execPath, run, { timeout: PATIENCE });
  return stdout;
}

describe.each(SYSTEMS)(
  'the failover benchmark on $name',
  ({ only, name, command, args, soonest }) => {
    it.runIf(installed(command, args))(
      'sees a new leader after each of two kills',
      async () => {
        const table = await bench('--only', only);
        const times = timesOf(name, table);
        expect(times, table).toHaveLength(4);
        expect(times[0], table).toBeGreaterThan(soonest);
      },
      PATIENCE + 30_000,
    );
  },
);

describe('the failover benchmark on Shoal', () => {
  it('sees a new leader after the old one has stopped, or has handed over', async () => {
    for (const how of ['pause', 'transfer']) {
      const table = await bench('--only', 'shoal', '--how', how);
      expect(timesOf('Shoal', table), table).toHaveLength(4);
    }
  }, 120_000);
});
