import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { slug } from '../site/slug.mjs';
import { pages, ROOT, read } from './pages.ts';

/** The URL of the repository on the web. */
const REPOSITORY = /^https:\/\/github\.com\/shoal-ts\/shoal\/(?:blob|tree)\/main\//;

/** The anchors that GitHub generates for the headings of a page. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading] of read(page).matchAll(/^#+ (.*)$/gm)) {
    const anchor = slug(heading!);
    let unique = anchor;
    for (let i = 1; anchors.has(unique); i++) unique = `${anchor}-${i}`;
    anchors.add(unique);
  }
  return anchors;
}

describe.each(pages())('%s', (page) => {
  it('has no broken links', () => {
    const broken: string[] = [];
    const prose = read(page).replace(/^(`{3,})[\s\S]*?^\1$/gm, '');
    for (const [, link] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      const own = link!.replace(REPOSITORY, '/');
      if (/^[a-z]+:/.test(own)) continue;
      const [path, anchor] = own.split('#') as [string, string?];
      const base = path.startsWith('/') ? ROOT : new URL(page, ROOT);
      const target = path === '' ? new URL(page, ROOT) : new URL(path.replace(/^\//, ''), base);
      if (!existsSync(target)) broken.push(link!);
      else if (anchor !== undefined && target.pathname.endsWith('.md')) {
        const name = target.pathname.slice(ROOT.pathname.length);
        if (!anchorsOf(name).has(anchor)) broken.push(link!);
      }
    }
    expect(broken).toEqual([]);
  });
});

it('docs/README.md lists every document', () => {
  const index = read('docs/README.md');
  const documents = pages().filter((page) => /^docs\/(?!README)/.test(page));
  expect(documents.filter((page) => !index.includes(`](${page.slice('docs/'.length)})`))).toEqual(
    [],
  );
});
