// Runs the Rust benchmarks of packages/interop, to compare figures of one run.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const rust = new URL('../../interop/rust/', import.meta.url);

/** Builds the Rust benchmarks. Without cargo, prints why and returns false. */
export function buildRust() {
  const args = ['build', '--release', '--locked', '--quiet', '--bin', 'foca-bench'];
  const { error, status } = spawnSync('cargo', args, { cwd: rust, stdio: 'inherit' });
  if (!error && status === 0) return true;
  console.log(`Not compared with foca in Rust: ${error ? 'cargo is missing' : 'cargo failed'}.`);
  return false;
}

/** Runs foca-bench and returns the objects that it printed. */
export function focaBench(...args) {
  const { stdout, status } = spawnSync('target/release/foca-bench', args, {
    cwd: rust,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`foca-bench ${args.join(' ')} failed`);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** The packets that foca-bench feeds itself with N members, as bytes. */
export function focaPackets(codec, members) {
  const file = join(tmpdir(), `foca-packets-${process.pid}.txt`);
  try {
    focaBench('--codec', codec, '--members', String(members), '--write-packets', file);
    const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
    return lines.map((line) => Uint8Array.from(Buffer.from(line, 'hex')));
  } finally {
    rmSync(file, { force: true });
  }
}
