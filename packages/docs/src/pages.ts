import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const ROOT: URL = new URL('../../../', import.meta.url);
/** Where the code of pages runs: this package depends on every published one. */
export const FOLDER: URL = new URL('../', import.meta.url);

export function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

/** The Markdown pages of the repository, as paths from its root. */
export function pages(): string[] {
  const roots = ['', 'docs/', 'examples/'];
  for (const folder of ['packages/', 'examples/']) {
    for (const name of readdirSync(new URL(folder, ROOT))) {
      if (!name.endsWith('.md')) roots.push(`${folder}${name}/`);
    }
  }
  roots.push('packages/interop/go/', 'packages/interop/python/', 'packages/interop/rust/');
  return roots.flatMap((folder) =>
    readdirSync(fileURLToPath(new URL(folder, ROOT)))
      .filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md')
      .map((name) => folder + name),
  );
}
