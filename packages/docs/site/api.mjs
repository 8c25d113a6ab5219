// The API reference of every published package and entry, as Markdown.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Application, ReflectionKind } from 'typedoc';
import { publishedPackages, ROOT } from './pages.mjs';

/** The source of each entry, by the name under which it is imported. */
function entries() {
  const sources = new Map();
  for (const folder of publishedPackages()) {
    const path = `packages/${folder}`;
    const manifest = JSON.parse(readFileSync(`${ROOT}${path}/package.json`, 'utf8'));
    for (const [subpath, conditions] of Object.entries(manifest.exports)) {
      if (typeof conditions === 'string') continue;
      const built = String(/^\.\/dist\/(.*)\.js$/.exec(conditions.default)?.[1]);
      sources.set(manifest.name + subpath.slice(1), `${path}/src/${built}.ts`);
    }
  }
  return sources;
}

/**
 * Writes a page for each entry and an index of them. Throws on any warning of typedoc.
 * @param {string} out the folder
 * @returns {Promise<string[]>} the names of the entries, which are the paths of their pages
 */
export async function writeApiReference(out) {
  const sources = entries();
  const names = [...sources.keys()].filter((name) => !name.endsWith('/internal'));
  const app = await Application.bootstrapWithPlugins({
    name: 'API reference',
    plugin: ['typedoc-plugin-markdown'],
    entryPoints: names.map((name) => ROOT + sources.get(name)),
    tsconfig: fileURLToPath(new URL('tsconfig.api.json', import.meta.url)),
    // From source to source, so that links lead from package to package.
    compilerOptions: {
      paths: Object.fromEntries([...sources].map(([name, file]) => [name, [ROOT + file]])),
    },
    outputs: [{ name: 'markdown', path: out }],
    readme: 'none',
    gitRevision: 'main',
    sourceLinkTemplate:
      'https://github.com/shoal-ts/shoal/blob/{gitRevision}/packages/{path}#L{line}',
    disableGit: true,
    basePath: ROOT,
    excludeInternal: true,
    excludePrivate: true,
    sort: ['source-order'],
    treatWarningsAsErrors: true,
    validation: { notExported: true, invalidLink: true, notDocumented: false },
    // Options of typedoc-plugin-markdown, which the types of typedoc do not know.
    ...{
      entryFileName: 'index',
      outputFileStrategy: 'modules',
      excludeScopesInPaths: true,
      hideBreadcrumbs: true,
      hidePageHeader: true,
      indexFormat: 'table',
      parametersFormat: 'table',
      interfacePropertiesFormat: 'list',
      useCodeBlocks: true,
      useHTMLAnchors: true,
      useHTMLEncodedBrackets: true,
      sanitizeComments: true,
    },
  });
  const project = await app.convert();
  if (project) {
    for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
      const file = module.sources?.[0]?.fileName;
      module.name = String([...sources].find(([, source]) => source === file)?.[0]);
    }
    app.validate(project);
    await app.generateOutputs(project);
  }
  if (!project || app.logger.errorCount + app.logger.warningCount > 0) {
    throw new Error('typedoc has warnings: see above');
  }
  return names;
}
