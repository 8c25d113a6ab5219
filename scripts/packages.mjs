import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The repository's root, as a path that ends in a slash. */
export const root = fileURLToPath(new URL('../', import.meta.url));

/** The packages that are published, each with its manifest. */
export const published = readdirSync(`${root}packages`)
  .map((folder) => {
    const path = `packages/${folder}`;
    return { path, manifest: JSON.parse(readFileSync(`${root}${path}/package.json`, 'utf8')) };
  })
  .filter(({ manifest }) => manifest.private !== true);

/** The entries of a package: what users import, and the source file that it is made of. */
export function entriesOf({ path, manifest }) {
  return Object.entries(manifest.exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([subpath, { default: file }]) => ({
      id: manifest.name + subpath.slice(1),
      source: `${path}/${file.replace(/^\.\/dist\/(.*)\.js$/, 'src/$1.ts')}`,
    }));
}
