// The sidebar: the guides in the order of docs/README.md, then packages, examples, and the API.

/**
 * @typedef {import('vitepress').DefaultTheme.SidebarItem} SidebarItem
 * @typedef {import('./pages.mjs').SitePage} SitePage
 */

/**
 * @param {readonly SitePage[]} pages
 * @param {readonly string[]} api the names of the modules in the API reference
 * @returns {SidebarItem[]}
 */
export function sidebar(pages, api) {
  return [
    ...guides(pages),
    group('Packages', inFolder(pages, 'packages/')),
    group('Examples', inFolder(pages, 'examples/')),
    group('Project', inFolder(pages, 'project/')),
    group(
      'API reference',
      api.map((name) => ({ text: name, link: `/api/${name.replace('@shoal/', '')}` })),
    ),
  ];
}

/**
 * One group for each section of the index; a page that the index does not list comes last.
 * @param {readonly SitePage[]} pages
 */
function guides(pages) {
  const rest = new Map(inFolder(pages, 'docs/').map((item) => [item.link, item]));
  const index = pages.find(({ target }) => target === 'docs/index.md');
  const groups = String(index?.text)
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const items = [];
      for (const [, link] of section.matchAll(/\]\(\.\/([^)#]+)\.md\)/g)) {
        const item = rest.get(`/docs/${link}`);
        if (item && rest.delete(`/docs/${link}`)) items.push(item);
      }
      return group(String(section.split('\n')[0]), items);
    });
  rest.delete('/docs/index');
  return [...groups, group('More', [...rest.values()])].filter(({ items }) => items?.length);
}

/**
 * @param {readonly SitePage[]} pages
 * @param {string} folder
 */
function inFolder(pages, folder) {
  return pages
    .filter(({ target }) => target.startsWith(folder))
    .map(({ target, text }) => ({ text: titleOf(text), link: `/${target.replace(/\.md$/, '')}` }));
}

function titleOf(/** @type {string} */ text) {
  return String(/^# (.*)$/m.exec(text)?.[1]).replaceAll('`', '');
}

/**
 * @param {string} text
 * @param {SidebarItem[]} items
 * @returns {SidebarItem}
 */
function group(text, items) {
  return { text, items, collapsed: text === 'API reference' };
}
