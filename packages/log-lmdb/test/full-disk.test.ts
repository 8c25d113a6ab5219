import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { openLmdbLog } from '../src/open/open-lmdb-log.ts';
import { temporaryDirectories } from './directory.test-helper.ts';

const directory = temporaryDirectories();
const program = fileURLToPath(new URL('../crash/full-disk.mjs', import.meta.url));
/** A namespace for mounts, which ends with the process; in one for users, if not root. */
const UNSHARE = ['unshare', process.getuid?.() === 0 ? '-m' : '-rm'];
const MOUNT = 'mkdir -p "$2"; mount -t tmpfs -o size=4m none "$2"';

/** Runs a command of the shell, to which `$0` is Node, `$1` the program and `$2` a directory. */
async function outcomeOf(command: string, path: string, before: string[] = []): Promise<Outcome> {
  const [file, ...args] = [...before, 'sh', '-ec', command, process.execPath, program, path];
  return JSON.parse((await promisify(execFile)(file!, args)).stdout);
}

interface Outcome {
  readonly appends: number;
  /** Bytes that were free on the file system at the end. */
  readonly free: number;
}

/** The first failure is an error, and nothing that was appended before it is lost. */
function check(outcome: Outcome): void {
  expect(outcome.appends).toBeGreaterThan(10);
  const last = outcome.appends * 10;
  expect(outcome).toMatchObject({
    append: 'storage',
    cause: expect.stringMatching(/./),
    last,
    appendAgain: 'storage',
    rollback: 'storage',
    trim: 'storage',
    read: last,
    lastAgain: last,
    many: ['storage'],
    lastAtLast: last,
  });
}

/** Why no file system can be mounted here; undefined if one can. */
function whyNoMount(): string | undefined {
  try {
    const args = [...UNSHARE.slice(1), 'sh', '-ec', MOUNT, '', '', '/mnt'];
    execFileSync(UNSHARE[0]!, args, { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const why = whyNoMount();
if (why !== undefined) console.log(`skipped: ${why}`);

describe.skipIf(process.platform === 'win32')('a full disk is an error, and loses nothing', () => {
  it('if the system limits the size of files, even for root', async () => {
    const path = directory();
    // 4096 times 512 or 1024 bytes, as the shell counts.
    const outcome = await outcomeOf('ulimit -f 4096; exec "$0" "$1" "$2"', path);
    check(outcome);
    // With room again, it goes on.
    await using log = await openLmdbLog({ path });
    expect(log.range.last).toBe(BigInt(outcome.appends * 10));
    await log.append([{ type: 1, payload: new Uint8Array(100_000) }]);
    await log.verify();
  });

  it.skipIf(why !== undefined)('when the file system is full', async () => {
    const outcome = await outcomeOf(`${MOUNT}; "$0" "$1" "$2/log"`, directory(), UNSHARE);
    check(outcome);
    // Less than an append takes: ten entries of 5000 bytes.
    expect(outcome.free).toBeLessThan(100_000);
  });
});
