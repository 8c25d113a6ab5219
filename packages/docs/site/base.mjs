/** The path under which the site is served: that of GitHub Pages when it is published. */
export const BASE = process.env['SHOAL_DOCS_BASE'] ?? '/';
