import { readFileSync } from 'node:fs';
import footnotes from 'markdown-it-footnote';
import { defineConfig } from 'vitepress';
import { BASE } from '../base.mjs';
import { sitePages } from '../pages.mjs';
import { sidebar } from '../sidebar.mjs';
import { slug } from '../slug.mjs';

const modules = JSON.parse(readFileSync(new URL('../pages/modules.json', import.meta.url), 'utf8'));

export default defineConfig({
  title: 'Shoal',
  description: 'TypeScript packages for building clusters: membership and replicated logs.',
  lang: 'en-US',
  base: BASE,
  srcDir: 'pages',
  outDir: '../dist',
  cacheDir: '../node_modules/.vitepress',
  cleanUrls: false,
  lastUpdated: false,
  markdown: {
    languages: [{ name: 'hex', scopeName: 'text.hex', patterns: [], repository: {} }],
    anchor: { slugify: slug },
    config(md) {
      md.use(footnotes);
      const { fence } = md.renderer.rules;
      md.renderer.rules.fence = (tokens, index, ...rest) => {
        const { info, content } = tokens[index] ?? {};
        if (info?.trim() !== 'mermaid') return String(fence?.(tokens, index, ...rest));
        return `<Diagram source="${encodeURIComponent(String(content))}" />`;
      };
    },
  },
  // Pages of the API reference are made from comments.
  transformPageData: ({ frontmatter }) =>
    frontmatter['source'] ? undefined : { frontmatter: { ...frontmatter, editLink: false } },
  themeConfig: {
    search: {
      provider: 'local',
      options: {
        miniSearch: {
          // A guide explains a word; the API reference repeats it in every signature.
          searchOptions: { boostDocument: (page) => (page.includes('/api/') ? 0.2 : 1) },
        },
      },
    },
    nav: [
      { text: 'Guides', link: '/docs/' },
      { text: 'Examples', link: '/examples/' },
      { text: 'API', link: '/api/' },
    ],
    sidebar: sidebar(sitePages(), modules),
    outline: [2, 3],
    socialLinks: [{ icon: 'github', link: 'https://github.com/shoal-ts/shoal' }],
    editLink: {
      text: 'Edit this page on GitHub',
      pattern: ({ frontmatter }) =>
        `https://github.com/shoal-ts/shoal/edit/main/${frontmatter['source']}`,
    },
  },
});
