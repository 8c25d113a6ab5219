// Builds the documentation site into dist/: the pages of the repository and the API reference.
// VitePress fails on a link to a page that does not exist, typedoc on any warning.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vitepress';
import { writeApiReference } from './api.mjs';
import { ROOT, sitePages } from './pages.mjs';

const site = fileURLToPath(new URL('./', import.meta.url));
const out = `${site}pages/`;

rmSync(out, { recursive: true, force: true });
for (const page of sitePages()) {
  mkdirSync(dirname(out + page.target), { recursive: true });
  writeFileSync(out + page.target, `---\nsource: ${page.source}\n---\n\n${page.text}`);
  // Once for pages that show it, once for links to it.
  for (const picture of page.pictures) {
    cpSync(ROOT + picture, out + picture);
    cpSync(ROOT + picture, `${out}public/${picture}`);
  }
}
const modules = await writeApiReference(`${out}api`);
writeFileSync(`${out}modules.json`, JSON.stringify(modules));
await build(site);
