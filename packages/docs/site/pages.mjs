// Which Markdown files of the repository are pages of the site, where they stand, and how their
// links change. The files themselves are written for GitHub.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root, as a path that ends in a slash. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const REPOSITORY = 'https://github.com/shoal-ts/shoal';

/**
 * @typedef {object} SitePage
 * @property {string} source the file, from the repository's root
 * @property {string} target the file of the site, from its root
 * @property {string} text its Markdown, with the links of the site
 * @property {string[]} pictures the files that it shows, which keep their places
 */

/** @returns {SitePage[]} */
export function sitePages() {
  const targets = new Map([
    ['README.md', 'index.md'],
    ['CONTRIBUTING.md', 'project/contributing.md'],
    ['RELEASING.md', 'project/releasing.md'],
    ['SECURITY.md', 'project/security.md'],
    ['CODE_OF_CONDUCT.md', 'project/code-of-conduct.md'],
    ['docs/README.md', 'docs/index.md'],
    ['examples/README.md', 'examples/index.md'],
  ]);
  for (const page of filesOf('docs')) {
    if (page.endsWith('.md') && page !== 'README.md') targets.set(`docs/${page}`, `docs/${page}`);
  }
  for (const name of publishedPackages()) {
    targets.set(`packages/${name}/README.md`, `packages/${name}.md`);
  }
  for (const name of filesOf('examples')) {
    const source = `examples/${name}/README.md`;
    if (existsSync(ROOT + source)) targets.set(source, `examples/${name}.md`);
  }
  return [...targets].map(([source, target]) => sitePage(source, target, targets));
}

/** The folders of the published packages, in alphabetical order. */
export function publishedPackages() {
  return filesOf('packages').filter((name) => {
    const manifest = `${ROOT}packages/${name}/package.json`;
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).private !== true;
  });
}

/** Where links stand: in Markdown, in reference definitions, and in HTML; and blocks of code. */
const LINKS =
  /^(`{3,})[\s\S]*?^\1$|(?<=\]\()[^)\s]+(?=\))|(?<=^\[[^\]^]+\]: )\S+|(?<=\bsrc(?:set)?=")[^"]+/gm;

/**
 * Points the links of a page to pages of the site where there are such, and to GitHub otherwise.
 * @param {string} source
 * @param {string} target
 * @param {Map<string, string>} targets
 * @returns {SitePage}
 */
function sitePage(source, target, targets) {
  /** @type {string[]} */
  const pictures = [];
  const text = readFileSync(ROOT + source, 'utf8').replace(LINKS, (link, fence) => {
    const local = link.replace(new RegExp(`^${REPOSITORY}/(blob|tree)/main/`), '/');
    if (fence || /^([a-z]+:|#)/.test(local)) return link;
    const [path, anchor] = /** @type {[string, string?]} */ (local.split('#'));
    const file = path.startsWith('/') ? path.slice(1) : posix.join(posix.dirname(source), path);
    const hash = anchor === undefined ? '' : `#${anchor}`;
    const isPicture = /\.(svg|png)$/.test(file);
    if (isPicture) pictures.push(file);
    const place = isPicture ? file : targets.get(file.endsWith('/') ? `${file}README.md` : file);
    if (place === undefined) return `${REPOSITORY}/blob/main/${file}${hash}`;
    const relative = posix.relative(posix.dirname(target), place);
    return `${relative.startsWith('.') ? '' : './'}${relative}${hash}`;
  });
  return { source, target, text, pictures };
}

function filesOf(/** @type {string} */ folder) {
  return readdirSync(ROOT + folder).sort();
}
