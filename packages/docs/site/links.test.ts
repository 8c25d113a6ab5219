import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { BASE } from './base.mjs';
import { ROOT } from './pages.mjs';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const GITHUB = /^https:\/\/github\.com\/shoal-ts\/shoal\/(?:blob|tree|edit)\/main\/([^#]+)/;

const pages = readdirSync(DIST, { encoding: 'utf8', recursive: true })
  .filter((file) => file.endsWith('.html') && file !== '404.html')
  .sort();

const html = new Map(pages.map((page) => [page, readFileSync(DIST + page, 'utf8')]));

function attributes(page: string, name: string): string[] {
  const found = html.get(page)!.matchAll(new RegExp(`\\b${name}="([^"]*)"`, 'g'));
  return [...found].map(([, value]) => value!.replaceAll('&amp;', '&'));
}

const anchors = new Map(pages.map((page) => [page, new Set(attributes(page, 'id'))]));

/** Why a link of a page leads nowhere; undefined if it leads somewhere, or out of the project. */
function whyBroken(page: string, link: string): string | undefined {
  const [, path] = GITHUB.exec(link) ?? [];
  if (path !== undefined) return existsSync(join(ROOT, path)) ? undefined : 'no such file';
  const url = new URL(link, `https://site${BASE}${page}`);
  if (url.host !== 'site') return undefined;
  if (!url.pathname.startsWith(BASE)) return 'not in the site';
  const file = decodeURIComponent(url.pathname.slice(BASE.length));
  const target = file === '' || file.endsWith('/') ? `${file}index.html` : file;
  if (!existsSync(DIST + target) || !statSync(DIST + target).isFile()) return 'no such page';
  const anchor = decodeURIComponent(url.hash.slice(1));
  if (anchor === '' || !target.endsWith('.html')) return undefined;
  return anchors.get(target)!.has(anchor) ? undefined : 'no such anchor';
}

describe('the built site', () => {
  it('has the guides, the packages, the examples and the API', () => {
    expect(pages).toEqual(
      expect.arrayContaining([
        'index.html',
        join('docs', 'concepts.html'),
        join('packages', 'membership.html'),
        join('examples', 'demo.html'),
        join('api', 'membership', 'driver.html'),
      ]),
    );
  });

  it.each(pages)('%s links to what is there', (page) => {
    const links = [...attributes(page, 'href'), ...attributes(page, 'src')];
    const broken = links.flatMap((link) => {
      const why = whyBroken(page, link);
      return why === undefined ? [] : [`${link}: ${why}`];
    });
    expect([...new Set(broken)]).toEqual([]);
  });
});
