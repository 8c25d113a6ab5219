import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The repository's root, as a path that ends in a slash. */
export const root = fileURLToPath(new URL('../', import.meta.url));

const readManifest = (folder) => JSON.parse(readFileSync(`${folder}package.json`, 'utf8'));

/** The packages that are published, each with its manifest. */
export const published = readdirSync(`${root}packages`)
  .map((folder) => `packages/${folder}`)
  .map((path) => ({ path, manifest: readManifest(`${root}${path}/`) }))
  .filter(({ manifest }) => manifest.private !== true);

/**
 * The entries of a package: what users import, the source file that it is made of, and whether it
 * runs in browsers, by the `browserEntries` of the manifest.
 */
export function entriesOf({ path, manifest }) {
  return Object.entries(manifest.exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([subpath, { default: file }]) => ({
      id: manifest.name + subpath.slice(1),
      inBrowsers: manifest.browserEntries?.includes(subpath) ?? false,
      source: `${path}/${file.replace(/^\.\/dist\/(.*)\.js$/, 'src/$1.ts')}`,
    }));
}

/** Runs the pnpm that the root's manifest pins. Throws if it fails; what it printed is in the error. */
export function pnpm(args, cwd) {
  const { packageManager } = readManifest(root);
  const all = ['--yes', '--prefer-offline', packageManager, ...args];
  return execFileSync('npx', all, { cwd, encoding: 'utf8', stdio: 'pipe' });
}
