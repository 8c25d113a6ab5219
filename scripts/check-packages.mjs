// Everything that a consumer of the packages would notice: the import graph, the tarballs of the next
// release, and a clean folder that installs them. Prints a line a check and a count.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { checkApiReports } from './api-reports.mjs';
import { checkBrowserEntry, checkBundles } from './bundles.mjs';
import { checkConsumers } from './consumers.mjs';
import { pack } from './pack.mjs';
import { entriesOf, published, root } from './packages.mjs';
import { checkTarball } from './release-dry.mjs';
import { Report } from './report.mjs';

const report = new Report();

function command(name, file, args, cwd = root) {
  return report.check(name, () => {
    execFileSync(file, args, { cwd, encoding: 'utf8', stdio: 'pipe' });
  });
}

const layers = ['--config', 'dependency-cruiser.config.mjs', 'packages'];
await command('layers, no import cycles', 'depcruise', layers);
await command('no dead code', 'knip', ['--no-config-hints']);

await checkApiReports(report);

const packed = pack();
for (const each of packed) {
  const { tarball } = each;
  await report.check(`contents of ${basename(tarball)}`, () => checkTarball(each));
  await command(`publint ${basename(tarball)}`, 'publint', ['run', tarball, '--strict']);
  await command(`attw ${basename(tarball)}`, 'attw', [tarball, '--profile', 'esm-only']);
}
await checkInstalled();
await checkConsumers(report, packed);
await command('quick start of the README', 'node', ['scripts/new-user.mjs']);
report.end();

/** Installs the tarballs with npm, and loads and bundles what is in them. */
async function checkInstalled() {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-clean-room-'));
  try {
    const dependencies = Object.fromEntries(
      packed.map(({ name, tarball }) => [name, `file:${tarball}`]),
    );
    const manifest = { name: 'clean-room', private: true, type: 'module', dependencies };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    const install = ['install', '--no-audit', '--no-fund'];
    if (!(await command('npm install', 'npm', install, folder))) return;

    for (const { id, inBrowsers } of published.flatMap(entriesOf)) {
      const load = (type, code) =>
        command(`${type} ${id}`, 'node', ['--no-warnings', '-e', code], folder);
      await load('import', `import('${id}')`);
      await load('require', `require('${id}')`);
      if (inBrowsers) await report.check(`in browsers ${id}`, () => checkBrowserEntry(folder, id));
    }
    await checkBundles(report, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
