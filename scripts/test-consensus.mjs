// Checks the consensus core in full: all states within bounds, long random walks, every broken rule.
import { spawnSync } from 'node:child_process';
import { root } from './packages.mjs';

const cwd = `${root}packages/testkit`;
const env = { ...process.env, SHOAL_CHECK_PART: '1' };
const { status } = spawnSync('npx', ['vitest', 'run', 'test/consensus'], {
  ...{ cwd, env, stdio: 'inherit', shell: process.platform === 'win32' },
});
process.exitCode = status === 0 ? 0 : 1;
