// Runs all attacks that docs/security.md lists, the long ones in full.
import { spawnSync } from 'node:child_process';
import { root } from './packages.mjs';

const PACKAGES = ['membership', 'transport-node', 'transport-websocket', 'node'];
const env = { ...process.env, SHOAL_ATTACK_PART: '1' };

for (const name of PACKAGES) {
  const cwd = `${root}packages/${name}`;
  const { status } = spawnSync('npx', ['vitest', 'run', 'attack'], {
    ...{ cwd, env, stdio: 'inherit', shell: process.platform === 'win32' },
  });
  if (status !== 0) process.exit(1);
}
