import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './packages.mjs';

const run = promisify(execFile);

/** Runs each project in consumers/ in a folder of its own, with the packed packages installed. */
export async function checkConsumers(report, packed) {
  const projects = readdirSync(`${root}consumers`, { withFileTypes: true });
  for (const { name } of projects.filter((entry) => entry.isDirectory())) {
    await report.check(`consumer: ${name}`, () => runConsumer(name, packed));
  }
}

async function runConsumer(name, packed) {
  const folder = mkdtempSync(join(tmpdir(), `shoal-${name}-`));
  try {
    cpSync(`${root}consumers/${name}`, folder, { recursive: true });
    cpSync(`${root}consumers/node.js`, join(folder, 'node.js'));
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    writeFileSync(join(folder, 'package.json'), JSON.stringify(withTarballs(manifest, packed)));
    const command = packageManager(manifest);
    const env = await environment();
    const options = { cwd: folder, env, timeout: 300_000, maxBuffer: 2 ** 26 };
    await run('npx', [...command, 'install'], options);
    await run('npx', [...command, 'run', 'test'], options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The manifest with each package of ours, at any depth, from its tarball. */
function withTarballs(manifest, packed) {
  const tarballs = Object.fromEntries(packed.map(({ name, tarball }) => [name, `file:${tarball}`]));
  const dependencies = { ...manifest.dependencies };
  for (const name of Object.keys(dependencies))
    dependencies[name] = tarballs[name] ?? dependencies[name];
  return {
    ...manifest,
    dependencies,
    overrides: tarballs, // npm
    pnpm: { overrides: tarballs },
    resolutions: tarballs, // Yarn
  };
}

/** The arguments of npx that run the package manager that a project names. */
function packageManager({ packageManager = 'npm' }) {
  const [name, version] = packageManager.split('@');
  if (name === 'npm') return ['--no-install', 'npm'];
  const from = name === 'yarn' ? `@yarnpkg/cli-dist@${version}` : packageManager;
  return ['--yes', '--prefer-offline', '--package', from, name];
}

/** Yarn does not read the configuration of npm, and would not write a lockfile in CI. */
async function environment() {
  const { stdout } = await run('npm', ['config', 'get', 'registry']);
  return {
    ...process.env,
    npm_config_prefer_offline: 'true',
    YARN_NPM_REGISTRY_SERVER: stdout.trim().replace(/\/$/, ''),
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
    YARN_ENABLE_TELEMETRY: 'false',
  };
}
