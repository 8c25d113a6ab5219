import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** A runtime whose executables come as npm packages, one per system. */
interface Distribution {
  readonly version: string;
  /** The scope of these packages, and the path of the executable in them. */
  readonly scope: string;
  readonly executables: readonly string[];
}

const DISTRIBUTIONS = {
  bun: { version: '1.4.5', scope: '@oven', executables: ['bin/bun', 'bin/bun.exe'] },
  deno: { version: '2.9.6', scope: '@deno', executables: ['deno', 'deno.exe'] },
} satisfies Record<string, Distribution>;

const run = promisify(execFile);

/**
 * The executable of a runtime, from npm's cache or registry. It is not a dependency of this
 * package, because it takes about 100 MB. Its install script, which only links the executable, does not
 * run.
 */
export async function findRuntime(name: keyof typeof DISTRIBUTIONS): Promise<string> {
  const { version, scope, executables }: Distribution = DISTRIBUTIONS[name];
  const options = ['--yes', '--prefer-offline', '--ignore-scripts', '--loglevel=error'];
  const print = 'node -p process.env.PATH';
  const args = [...options, '-p', `${name}@${version}`, '-c', print];
  const { stdout } = await run('npx', args, {
    timeout: 300_000,
    shell: process.platform === 'win32',
  });
  const folders = stdout.trim().split(process.platform === 'win32' ? ';' : ':');
  for (const bin of folders) {
    if (!existsSync(join(bin, name))) continue;
    const packages = join(dirname(bin), scope);
    if (!existsSync(packages)) continue;
    for (const folder of readdirSync(packages)) {
      const found = executables
        .map((file) => join(packages, folder, file))
        .find((path) => existsSync(path));
      if (found) return found;
    }
  }
  throw new Error(
    `npm has no executable of ${name}@${version} for ${process.platform}-${process.arch}`,
  );
}
