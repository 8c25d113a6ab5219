// Builds the Rust peers, or says what is missing.
import { spawnSync } from 'node:child_process';

const cwd = new URL('rust/', import.meta.url);
const { status, error } = spawnSync('cargo', ['build', '--release', '--locked'], {
  cwd,
  stdio: 'inherit',
});
if (error?.code === 'ENOENT') {
  console.error(
    'cargo was not found on PATH. The interop tests need it: install Rust, for example from rustup.rs.',
  );
}
process.exitCode = error ? 1 : status;
