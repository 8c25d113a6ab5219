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
