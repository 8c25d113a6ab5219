// What a release must hold: the packed tarballs are linted, sized, and installed in a clean
// folder, where every export is imported and required. Prints a line a check and a count.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleSizes } from './bundles.mjs';
import { published, root } from './packages.mjs';

let passed = 0;
let failed = 0;

function report(name, ok, detail) {
  if (ok) passed++;
  else failed++;
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name}${detail ? `: ${detail}` : ''}`);
}

/** Runs a command; what it printed is shown only if it failed. */
function command(name, file, args, cwd = root) {
  const { status, stdout, stderr, error } = spawnSync(file, args, { cwd, encoding: 'utf8' });
  report(name, status === 0, status === 0 ? '' : `\n${error ?? ''}${stdout}${stderr}`);
  return status === 0;
}

command('import graph, no cycles', 'depcruise', [
  '--config',
  'dependency-cruiser.config.mjs',
  'packages',
]);
command('no dead code (knip)', 'knip', ['--no-config-hints']);
command('the picture of the packages', 'node', ['scripts/architecture.mjs', '--check']);
command('tarballs', 'node', ['scripts/pack.mjs']);

const tarballs = readdirSync(`${root}.release`).map((file) => `${root}.release/${file}`);
for (const tarball of tarballs) {
  const name = tarball.slice(tarball.lastIndexOf('/') + 1);
  command(`publint ${name}`, 'publint', ['run', tarball, '--strict']);
  command(`attw ${name}`, 'attw', [tarball, '--profile', 'esm-only']);
}

const MAX_WIRE_TARBALL = 40_000;
const wire = tarballs.find((file) => file.includes('/shoal-wire-'));
const wireSize = statSync(wire).size;
report(
  `wire tarball under ${MAX_WIRE_TARBALL} bytes`,
  wireSize < MAX_WIRE_TARBALL,
  `${wireSize} bytes`,
);

await cleanRoom();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function cleanRoom() {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-clean-room-'));
  try {
    const dependencies = Object.fromEntries(
      published.map(({ manifest }) => {
        const prefix = `${manifest.name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`;
        return [manifest.name, `file:${root}.release/${prefix}`];
      }),
    );
    const manifest = { name: 'clean-room', private: true, type: 'module', dependencies };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    if (!command('clean room: npm install', 'npm', ['install', '--no-audit', '--no-fund'], folder))
      return;

    for (const { manifest } of published) {
      for (const [subpath, conditions] of Object.entries(manifest.exports)) {
        if (typeof conditions === 'string') continue;
        const id = manifest.name + subpath.slice(1);
        const check = 'if (Object.keys(m).length === 0) throw new Error("exports nothing");';
        const imported = `const id = ${JSON.stringify(id)}; const m = await import(id); ${check}`;
        const required = `const id = ${JSON.stringify(id)}; const m = require(id); ${check}`;
        const run = (type, code) => ['--no-warnings', `--input-type=${type}`, '-e', code];
        command(`clean room: import ${id}`, 'node', run('module', imported), folder);
        command(`clean room: require ${id}`, 'node', run('commonjs', required), folder);
      }
    }
    for (const { name, limit, size } of await bundleSizes(folder)) {
      report(`bundle of ${name} under ${limit} bytes`, size < limit, `${size} bytes`);
    }
    const list = execFileSync('npm', ['ls', '--all', '--json'], { cwd: folder, encoding: 'utf8' });
    report(
      'clean room: wire has no dependencies',
      !JSON.parse(list).dependencies['@shoal/wire'].dependencies,
      '',
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
