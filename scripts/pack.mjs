// Packs the published packages into .release/, exactly as the next release would publish them: in a
// copy of the repository whose versions and changelogs `changeset version` has updated.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pnpm, published, root } from './packages.mjs';

const out = `${root}.release`;

/** Packs the built workspace. Returns the name, version, folder and tarball of each package. */
export function pack() {
  const copy = mkdtempSync(join(tmpdir(), 'shoal-release-'));
  try {
    copyRepository(copy);
    const bin = `${root}node_modules/.bin/changeset`;
    execFileSync(bin, ['version'], { cwd: copy, stdio: 'pipe' });
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out);
    return published.map(({ path, manifest: { name } }) => {
      const { version } = JSON.parse(readFileSync(join(copy, path, 'package.json'), 'utf8'));
      pnpm(['pack', '--pack-destination', out], join(copy, path));
      const tarball = `${out}/${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
      return { name, version, path, tarball };
    });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** What Git tracks or would track, what was built, and the links that lead from package to package. */
function copyRepository(copy) {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', list, { cwd: root, encoding: 'utf8' }).split('\0');
  const made = published.flatMap(({ path }) => [`${path}/dist`, `${path}/node_modules/@shoal`]);
  for (const file of new Set([...files, ...made])) {
    if (file === '' || !existsSync(root + file)) continue;
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(root + file, join(copy, file), { recursive: true, verbatimSymlinks: true });
  }
  symlinkSync(`${root}node_modules`, join(copy, 'node_modules'));
}
