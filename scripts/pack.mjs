// Packs every published package into .release/, as a release would, and prints their sizes.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { published, root } from './packages.mjs';

const out = `${root}.release`;
rmSync(out, { recursive: true, force: true });
mkdirSync(out);
for (const { path, manifest } of published) {
  execFileSync('pnpm', ['pack', '--pack-destination', out], { cwd: root + path, stdio: 'pipe' });
  const file = readdirSync(out).find((name) => name.startsWith(tarballPrefix(manifest.name)));
  console.log(
    `${manifest.name}@${manifest.version}  ${file}  ${statSync(`${out}/${file}`).size} bytes`,
  );
}

function tarballPrefix(name) {
  return `${name.replace('@', '').replace('/', '-')}-${published.find((p) => p.manifest.name === name).manifest.version}`;
}
