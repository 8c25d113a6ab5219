// Builds the Rust peers, and looks for Python. Says what is missing.
import { spawnSync } from 'node:child_process';

/** The oldest Python that has what the peers in `python/` use. */
const PYTHON = [3, 11];

function build() {
  const cwd = new URL('rust/', import.meta.url);
  const cargo = ['build', '--release', '--locked'];
  const { status, error } = spawnSync('cargo', cargo, { cwd, stdio: 'inherit' });
  if (error?.code === 'ENOENT') {
    console.error(
      'cargo was not found on PATH. The interop tests need it: install Rust, for example from rustup.rs.',
    );
  }
  return !error && status === 0;
}

function findPython() {
  const { stdout, error } = spawnSync('python3', ['--version'], { encoding: 'utf8' });
  const found = /Python (\d+)\.(\d+)/.exec(stdout ?? '');
  const [major, minor] = found?.slice(1).map(Number) ?? [];
  if (!error && found && (major > PYTHON[0] || (major === PYTHON[0] && minor >= PYTHON[1]))) {
    return true;
  }
  const what = found ? `${found[0]} is too old` : 'python3 was not found on PATH';
  console.error(`${what}. The interop tests need Python ${PYTHON.join('.')} or later.`);
  return false;
}

// Both are looked for, so that one run names everything that is missing.
const results = [findPython(), build()];
process.exitCode = results.every(Boolean) ? 0 : 1;
