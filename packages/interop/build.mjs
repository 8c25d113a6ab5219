// Builds the Rust peers, or says plainly what is missing.
import { spawnSync } from 'node:child_process';

const cwd = new URL('rust/', import.meta.url);
const { status, error } = spawnSync('cargo', ['build', '--release', '--locked'], {
  cwd,
  stdio: 'inherit',
});
if (error?.code === 'ENOENT') {
  console.error('The interop tests need cargo, the build tool of Rust, on PATH: it is not there.');
}
process.exitCode = error ? 1 : status;
